import type { SourceLocation, Text } from '../../finding.js';
import { advice } from '../../fix.js';
import {
  BARE_EHCI,
  HUB_IS_FULL_SPEED,
  type PlannerChange,
  plannerFix,
  SPEED,
  type SpeedWord,
} from '../../planner-fix.js';
import { printable } from '../../printable.js';
import { list, quote } from '../words.js';

export const machine = {
  'machine-unknown': {
    kind: 'usage',
    text: ({ machine, nearest }: { machine: string; nearest: string }): Text => ({
      what: `QEMU has no machine ${quote(machine)}`,
      fix: advice(`write \`machine: ${nearest}\``),
    }),
  },
  'controller-needs-pci': {
    kind: 'usage',
    text: ({ model, machine }: { model: string; machine: string }): Text => ({
      what: `can't add ${quote(model)}`,
      why: `it needs PCI, and the machine ${quote(machine)} has none`,
      fix: advice(
        machine.startsWith('microvm')
          ? 'write `machine: microvm`; qplug turns PCI on where needed'
          : 'leave `controllers:` out to use the USB controllers of the machine itself; or use a machine with PCI, `machine: q35` or `machine: virt`',
      ),
    }),
  },
  'controller-no-slot': {
    kind: 'usage',
    text: ({ model }: { model: string }): Text => ({
      what: `there is no PCI slot left for ${quote(model)}`,
      why: model === 'ich9' ? 'two ICH9 groups fit' : 'sixteen controllers fit',
    }),
  },
  'id-of-companion': {
    kind: 'usage',
    text: ({ id, group }: { id: string; group: string }): Text => ({
      what: `id ${quote(id)} belongs to a companion controller of ${quote(group)}`,
      fix: advice('use another id'),
    }),
  },
  'ports-fixed': {
    kind: 'usage',
    text: ({ model, key }: { model: string; key: string }): Text => ({
      what: `${quote(model)} has no ${quote(key)} to set`,
      why: key === 'ports' ? 'its number of ports is fixed' : 'only xHCI controllers have USB 2 and USB 3 ports',
      fix: advice(`remove \`${printable(key)}\``),
    }),
  },
  'ports-none': {
    kind: 'usage',
    text: ({ id }: { id: string }): Text => ({
      what: `controller ${quote(id)} would have no port`,
      why: '`p2` and `p3` are both 0',
    }),
  },
  'pin-controller-unknown': {
    kind: 'usage',
    text: ({
      controller,
      known,
      nearest,
    }: {
      controller: string;
      known: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `there is no controller ${quote(controller)}`,
      why: known.length === 0 ? 'the VM starts with none' : `the VM has: ${list(known)}`,
      fix: nearest === undefined ? undefined : advice(`write \`controller: ${printable(nearest)}\``),
    }),
  },
  'pin-port-unknown': {
    kind: 'usage',
    text: ({ bus, port, ports }: { bus: string; port: string; ports: number }): Text => ({
      what: `${quote(bus)} has no port ${quote(port)}`,
      why: ports === 0 ? 'it has no ports' : `its ports are 1 to ${ports}`,
    }),
  },
  'pin-no-hub': {
    kind: 'usage',
    text: ({ controller, port, parent }: { controller: string; port: string; parent: string }): Text => ({
      what: `port ${quote(port)} is behind a hub that does not exist`,
      fix: advice(`add to usb.hubs: \`- { controller: ${printable(controller)}, port: '${printable(parent)}' }\``),
    }),
  },
  'pin-hub-too-deep': {
    kind: 'usage',
    text: ({ port, limit }: { port: string; limit: number }): Text => ({
      what: `a hub at port ${quote(port)} is too deep`,
      why: `QEMU chains at most ${limit} hubs`,
    }),
  },
  'pin-hub-speed': {
    kind: 'no-plan',
    text: ({
      bus,
      model,
      port,
      takes,
      fix,
    }: {
      bus: string;
      model: string;
      port: string;
      /** The speeds that the port takes. */
      takes: readonly SpeedWord[];
      /** A change that qplug tried and that solves it. */
      fix?: Extract<PlannerChange, { fix: 'repin' | 'add-companions' }> | undefined;
    }): Text => ({
      what: `port ${quote(port)} of ${quote(bus)} takes no hub`,
      why: `${HUB_IS_FULL_SPEED}, and ${takes.join() === 'high' ? BARE_EHCI : `this port of ${quote(model)} takes ${takes.map((speed) => SPEED[speed]).join(' and ')}`}; QEMU would exit at start with "speed mismatch"`,
      fix: fix && plannerFix(fix, { vm: '', running: false, unwritten: [] }),
    }),
  },
  'port-pinned-twice': {
    kind: 'usage',
    text: ({ bus, port, first }: { bus: string; port: string; first: SourceLocation }): Text => ({
      what: `two entries use port ${quote(port)} of ${quote(bus)}`,
      why: `first at ${printable(first.file)}:${first.line}:${first.column}`,
    }),
  },
} as const;
