import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { observeNamed, type QueryReply, type Reading } from '../../src/qdev/index.js';
import { OracleQemu, type StandInDevice } from './harness/oracle-qemu.js';
import { TABLET } from './harness/recorded-tablet.js';

/* The reading of some devices says the same of them as the reading of the whole tree, or says that it does not know. */

async function read<T>(
  qemu: OracleQemu,
  reading: Reading<T>,
): Promise<{ readonly value: T; readonly batches: number }> {
  let batches = 0;
  let step = reading.next();
  while (step.done !== true) {
    batches++;
    const replies: Promise<QueryReply>[] = step.value.map(({ command, arguments: args }) => qemu.ask(command, args));
    step = reading.next(await Promise.all(replies));
  }
  return { value: step.value, batches };
}

async function add(qemu: OracleQemu, device: Readonly<Record<string, unknown>>): Promise<void> {
  expect(await qemu.ask('device_add', device)).not.toHaveProperty('error');
}

const ARGS = [
  ...['-machine', 'pc', '-device', 'qemu-xhci,id=x,p2=6,p3=6', '-device', 'usb-ehci,id=e'],
  ...['-device', 'usb-hub,bus=x.0,port=1,id=hub', '-device', 'usb-tablet,bus=x.0,port=1.2,id=behind'],
  ...['-device', 'usb-kbd,bus=x.0,id=anywhere', '-device', 'usb-mouse,bus=e.0,port=2,id=slow'],
];

const host = (name: string): StandInDevice[] => [
  { ...TABLET, name },
  { ...TABLET, address: 3, port: '3', productId: 2, speed: 'super' },
];

const GIVEN = [
  { driver: 'usb-host', id: 'given', bus: 'x.0', port: '3', hostbus: 1, hostaddr: 2 },
  { driver: 'usb-host', id: 'fast', bus: 'x.0', port: '4', hostbus: 1, hostaddr: 3 },
  { driver: 'usb-tablet', id: 'same-port', bus: 'e.0', port: '3' },
];

describe.each(RELEASES)('QEMU $name', ({ name: release }) => {
  test('has the devices as the whole tree shows them', async () => {
    await using qemu = await OracleQemu.start({ release, args: ARGS, host: host('a disk') });
    for (const one of GIVEN) await add(qemu, one);
    const whole = await qemu.observe();
    const all = whole.controllers.flatMap(({ bus, devices }) => devices.map((device) => ({ bus, device })));
    expect(all.map(({ device }) => device.id).sort()).toEqual(
      ['anywhere', 'behind', 'fast', 'given', 'hub', 'same-port', 'slow'].sort(),
    );
    const ids = all.flatMap(({ device: { id, port } }) => (id === undefined || id === 'hub' ? [] : [{ id, port }]));
    const { value } = await read(qemu, observeNamed([...ids.map(({ id }) => id), 'nobody']));
    expect(value.isComplete).toBe(true);
    const named = value.controllers.flatMap(({ bus, devices }) => devices.map((device) => ({ bus, device })));
    const expected = all.filter(({ device }) => device.id !== 'hub');
    const byId = (a: { device: { id: string | undefined } }, b: { device: { id: string | undefined } }): number =>
      String(a.device.id) < String(b.device.id) ? -1 : 1;
    expect(named.sort(byId)).toEqual(expected.sort(byId));
  });

  test('does not know all of a hub: only the whole tree tells', async () => {
    await using qemu = await OracleQemu.start({ release, args: ARGS });
    expect((await read(qemu, observeNamed(['hub']))).value.isComplete).toBe(false);
  });

  test('does not believe a name that says it is another device', async () => {
    await using qemu = await OracleQemu.start({ release, args: ARGS, host: host('x, ID: same-port') });
    for (const one of GIVEN.filter(({ id }) => id !== 'given')) await add(qemu, one);
    await add(qemu, { driver: 'usb-host', bus: 'x.0', port: '3', hostbus: 1, hostaddr: 2 });
    const { value } = await read(qemu, observeNamed(['same-port']));
    expect(value.isComplete).toBe(false);
  });

  test('asks once', async () => {
    await using qemu = await OracleQemu.start({ release, args: ARGS });
    // x-query-usb is there from 6.2 on
    expect((await read(qemu, observeNamed(['slow']))).batches).toBe(release === '5.2' ? 2 : 1);
  });
});
