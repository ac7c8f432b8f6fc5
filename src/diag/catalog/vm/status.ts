import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';

/** A usb-host in a VM that has lost its device. `again`: the host port of the device that is plugged in there now, if any. */
interface LostObject {
  readonly id: string;
  readonly vm: string;
  readonly bus: string;
  readonly port: string;
  readonly again: string | undefined;
}

export const status = {
  'stale-device': {
    kind: 'failed',
    text: ({ id, vm, bus, port, again }: LostObject): Text => ({
      what: `the device of ${printable(id)} was unplugged, or replugged since`,
      where: `${printable(bus)} port ${printable(port)}`,
      why: 'QEMU does not open such a device again by itself',
      fix: [
        sh`qplug detach ${vm} ${id}`,
        again === undefined
          ? undefined
          : advice(
              'or attach the device that is plugged in there now; qplug first frees the port: ',
              sh`qplug attach ${vm} ${again}`,
            ),
      ],
    }),
  },
  'detached-device': {
    kind: 'failed',
    text: ({ id, vm, bus, port, again }: LostObject): Text => ({
      what: `QEMU has no device attached to ${printable(id)}`,
      where: `${printable(bus)} port ${printable(port)}`,
      fix: again === undefined ? undefined : sh`qplug attach ${vm} ${again}`,
    }),
  },
  'runs-slower': {
    kind: 'failed',
    text: ({ label, megabits, native }: { label: string; megabits: number; native: number }): Text => ({
      what: `${printable(label)} runs at ${megabits} Mb/s instead of ${native}`,
    }),
  },
  'wanted-not-plugged-in': {
    kind: 'not-found',
    text: ({ selector, vm }: { selector: string; vm: string }): Text => ({
      what: `${printable(vm)} wants ${printable(selector)}, which is not plugged into this host`,
    }),
  },
  'wanted-not-attached': {
    kind: 'failed',
    text: ({ label, selector, vm }: { label: string; selector: string; vm: string }): Text => ({
      what: `${printable(vm)} wants ${printable(label)}, which is not attached`,
      fix: sh`qplug attach ${vm} ${selector}`,
    }),
  },
  'wait-timeout': {
    kind: 'timeout',
    text: (e: {
      vm: string;
      select: string | undefined;
      wanted: 'up' | 'attached' | 'absent' | 'ready';
      is: string;
      timeout: number;
    }): Text => ({
      what: `${e.select === undefined ? printable(e.vm) : `"${printable(e.select, 128)}" in ${printable(e.vm)}`} is not ${e.wanted} after ${e.timeout / 1000} s`,
      why: printable(e.is),
      fix: e.wanted === 'up' ? sh`qplug list` : sh`qplug status ${e.vm}`,
    }),
  },
  'device-awaited': {
    kind: 'failed',
    text: ({ label, vm }: { label: string; vm: string }): Text => ({
      what: `${printable(label)} was unplugged while ${printable(vm)} had it`,
      why: 'the agent attaches it when it returns',
      fix: sh`qplug agent`,
    }),
  },
} as const;
