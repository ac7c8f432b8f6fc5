import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type HostDevice,
  type RecordedEntry,
  readInventory,
  recordedSysfs,
  type SysfsReader,
} from '../../../src/host/index.js';
import { VmRegistry } from '../../../src/registry/index.js';
import { awaitHostDrivers, type HostAccess, restoreDrivers } from '../../../src/vm/index.js';
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
  host = {
    sysfs: {
      ...now,
      list: (path) => now.list(path),
      text: (path) => now.text(path),
      bytes: (path) => now.bytes(path),
      link: (path) => now.link(path),
    },
    driverProbe: { path: '/sys/bus/usb/drivers_probe', probe },
    registry: new VmRegistry('/nowhere'),
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
  expect(await restoreDrivers([tablet], host)).toEqual([]);
  expect(await awaitHostDrivers([tablet], host)).toEqual([]);
  expect(asked).toEqual([]);
});

test('a driver that comes back by itself is waited for, and the kernel is not asked', async () => {
  bare();
  timer = setTimeout(whole, 100);
  expect(await restoreDrivers([tablet], host)).toEqual([]);
  expect(asked).toEqual([]);
});

test('a driver that stays away: the kernel is asked for that interface, and then it is back', async () => {
  bare();
  onProbe = whole;
  const [restored, awaited] = await Promise.all([restoreDrivers([tablet], host), awaitHostDrivers([tablet], host)]);
  expect([restored, awaited]).toEqual([[], []]);
  expect(new Set(asked)).toEqual(new Set([`${TABLET}:1.0`]));
});

test('drivers that never come back: the kernel is asked only where nobody has the device, and each is told', async () => {
  now = recordedSysfs(changed(SIX, { [DRIVER]: undefined, '2-1:1.0/driver': USBFS }));
  const [restored, awaited, claimed] = await Promise.all([
    restoreDrivers([tablet], host),
    awaitHostDrivers([tablet], host),
    awaitHostDrivers([disk], host),
  ]);
  expect(restored).toMatchObject([{ code: 'drivers-not-back', evidence: { lacking: [{ interface: '1-2:1.0' }] } }]);
  expect(awaited).toMatchObject([{ code: 'driver-not-back', evidence: { interfaces: ['1-2:1.0'] } }]);
  expect(claimed).toMatchObject([
    { code: 'driver-not-back', severity: 'warning', evidence: { interfaces: ['2-1:1.0'] } },
  ]);
  expect(new Set(asked)).toEqual(new Set(['1-2:1.0']));
});
