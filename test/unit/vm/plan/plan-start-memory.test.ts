import { describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { identityOf } from '../../../../src/host/index.js';
import type { PlaceRecord, RememberedDevice } from '../../../../src/registry/index.js';
import { planFile } from '../../../../src/vm/plan/plan-start.js';
import { placesAfter } from '../../../../src/vm/plan/remember-places.js';
import { inventoryOf, recording } from '../../host/recordings.js';

const VERSION = { major: 10, minor: 0, micro: 0 };
const host = inventoryOf(recording('six-devices'));
const fast = host.devices.filter(({ megabits }) => megabits === 480 || megabits === 5000);
const [one, two] = fast as [(typeof fast)[number], (typeof fast)[number]];

const HEAD = 'machine: q35\nusb:\n  grow: [hubs]\n';
const read = (ports: number, devices: readonly string[]) =>
  parseVmFile(
    `${HEAD}  controllers: [{ id: x, model: qemu-xhci, ports: ${ports} }]\n  devices: [${devices.map((d) => `"${d}"`).join(', ')}]\n`,
    '/vm/bench.yaml',
  );
const usable = { ...host, devices: host.devices.map((device) => ({ ...device, access: 'usable' as const })) };

async function planned(ports: number, devices: readonly string[], away: string | undefined, before?: PlaceRecord) {
  const file = await read(ports, devices);
  const inventory = { ...usable, devices: usable.devices.filter(({ port }) => port !== away) };
  const made = planFile(file, VERSION, inventory, { before });
  return {
    made,
    record: placesAfter(before, {
      vm: file.name,
      placements: made.plan.placements,
      wanted: made.wanted,
      selectors: devices,
    }),
    places: new Map(made.plan.placements.map(({ label, port }) => [label.split(' at ')[1] ?? '', port])),
  };
}

describe('a VM file is planned with what is remembered', () => {
  test('a device that is away keeps its port, and finds it when it is back', async () => {
    const both = [one.port, two.port];
    const first = await planned(4, both, undefined);
    const second = await planned(4, both, one.port, first.record);
    expect(second.places.get(two.port)).toBe(first.places.get(two.port));
    const newcomer = usable.devices.find(({ port }) => !both.includes(port))!;
    const third = await planned(4, [...both, newcomer.port], one.port, second.record);
    expect(third.places.get(newcomer.port)).not.toBe(first.places.get(one.port));
    const fourth = await planned(4, [...both, newcomer.port], undefined, third.record);
    expect(fourth.places.get(one.port)).toBe(first.places.get(one.port));
    expect(fourth.places.get(two.port)).toBe(first.places.get(two.port));
  });

  test('where ports are scarce a kept one is given away, and that is said', async () => {
    const remembered: RememberedDevice = {
      who: identityOf(one),
      select: one.port,
      label: 'the one that is away',
      bus: 'x.0',
      port: '1',
    };
    const before: PlaceRecord = { format: 1, vm: 'bench', controllers: [], devices: [remembered] };
    const { made, places } = await planned(1, [one.port, two.port], one.port, before);
    expect(places.get(two.port)).toBe('1');
    expect(made.findings.map(({ code }) => code)).toContain('kept-port-taken');
  });
});
