import { afterEach, beforeEach, expect, test } from 'vitest';
import { awaitHostDrivers, giveBack, type HostAccess } from '../../../src/access/index.js';
import {
  bindingsOf,
  type HostDevice,
  type RecordedEntry,
  readInventory,
  recordedSysfs,
  type SysfsReader,
} from '../../../src/host/index.js';
import { ClaimStore, Journal, VmRegistry } from '../../../src/registry/index.js';
import { changed, NO_IDS, recording, without } from '../host/recordings.js';

const SIX = recording('six-devices');
const TABLET = '1-2';
const DRIVER = `${TABLET}:1.0/driver`;
const USBFS: RecordedEntry = { link: '../../../../../../bus/usb/drivers/usbfs' };

function deviceAt(port: string): HostDevice {
  const found = readInventory(recordedSysfs(SIX), { ids: NO_IDS }).devices.find((one) => one.port === port);
  if (found === undefined) throw new Error(`the recording has nothing at ${port}`);
  return found;
}

const tablet = deviceAt(TABLET);
const disk = deviceAt('2-1');

let now: SysfsReader;
let asked: string[];
/** What the kernel does when it is asked to probe. */
let onProbe: () => void;
let host: HostAccess;
beforeEach(() => {
  now = recordedSysfs(SIX);
  asked = [];
  onProbe = () => undefined;
  const probe = (name: string): void => {
    asked.push(name);
    onProbe();
  };
  const bind = (name: string, driver: string): void => {
    asked.push(`${driver} gets ${name}`);
    onProbe();
  };
  const unbind = (name: string, driver: string): void => {
    asked.push(`${driver} loses ${name}`);
    onProbe();
  };
  host = {
    sysfs: {
      ...now,
      list: (path) => now.list(path),
      text: (path) => now.text(path),
      bytes: (path) => now.bytes(path),
      link: (path) => now.link(path),
    },
    drivers: { path: '/sys/bus/usb/drivers_probe', probe, bind, unbind },
    registry: new VmRegistry('/nowhere'),
    claims: new ClaimStore('/nowhere'),
    journal: new Journal('/nowhere'),
    env: {},
  };
});
let timer: NodeJS.Timeout | undefined;
afterEach(() => clearTimeout(timer));

const bare = (): void => {
  now = recordedSysfs(changed(SIX, { [DRIVER]: undefined }));
};
const whole = (): void => {
  now = recordedSysfs(SIX);
};

test.each([
  ['never gone', whole],
  ['gone with its device', () => (now = recordedSysfs(without(SIX, TABLET)))],
])('drivers that were %s: nothing is asked, nothing is told', async (_, begin) => {
  begin();
  expect(await giveBack(tablet, bindingsOf(tablet), host)).toEqual([]);
  expect(await awaitHostDrivers([tablet], host)).toEqual([]);
  expect(asked).toEqual([]);
});

test('a driver that comes back by itself is waited for, and the kernel is not asked', async () => {
  bare();
  timer = setTimeout(whole, 100);
  expect(await giveBack(tablet, bindingsOf(tablet), host)).toEqual([]);
  expect(asked).toEqual([]);
});

test('a driver that stays away: the one that it had is bound to that interface, and then it is back', async () => {
  bare();
  onProbe = whole;
  expect(await giveBack(tablet, bindingsOf(tablet), host)).toEqual([]);
  expect(asked).toEqual([`usbhid gets ${TABLET}:1.0`]);
});

test('where it is not known what it had: the kernel is asked to find one', async () => {
  bare();
  onProbe = whole;
  expect(await awaitHostDrivers([tablet], host)).toEqual([]);
  expect(asked).toEqual([`${TABLET}:1.0`]);
});

test('drivers that never come back: the kernel is asked only where nobody has the device, and each is told', async () => {
  now = recordedSysfs(changed(SIX, { [DRIVER]: undefined, '2-1:1.0/driver': USBFS }));
  const [restored, awaited, claimed] = await Promise.all([
    giveBack(tablet, bindingsOf(tablet), host),
    awaitHostDrivers([tablet], host),
    awaitHostDrivers([disk], host),
  ]);
  expect(restored).toMatchObject([{ code: 'driver-not-back', evidence: { interfaces: ['1-2:1.0'] } }]);
  expect(awaited).toMatchObject([{ code: 'driver-not-back', evidence: { interfaces: ['1-2:1.0'] } }]);
  expect(claimed).toMatchObject([
    { code: 'driver-not-back', severity: 'warning', evidence: { interfaces: ['2-1:1.0'] } },
  ]);
  expect(new Set(asked)).toEqual(new Set(['usbhid gets 1-2:1.0', '1-2:1.0']));
});

test('an interface that had no driver is left without: a driver that took it meanwhile loses it', async () => {
  const before = bindingsOf(tablet).map(([name]) => [name, null] as const);
  onProbe = bare;
  expect(await giveBack(tablet, before, host)).toEqual([]);
  expect(asked).toEqual([`usbhid loses ${TABLET}:1.0`]);
});

test('an interface that had another driver gets that one', async () => {
  const before = bindingsOf(tablet).map(([name]) => [name, 'wacom'] as const);
  onProbe = () => {
    now = recordedSysfs(changed(SIX, { [DRIVER]: { link: '../../../../../../bus/usb/drivers/wacom' } }));
  };
  expect(await giveBack(tablet, before, host)).toEqual([]);
  expect(asked).toEqual([`usbhid loses ${TABLET}:1.0`, `wacom gets ${TABLET}:1.0`]);
});
