import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../src/base/index.js';
import { describe as words } from '../../../src/diag/index.js';
import {
  awaitDrivers,
  type DriverProbe,
  driverBindings,
  driversFinding,
  type HostDevice,
  hasKernelDriver,
  kernelDriverProbe,
  probeDrivers,
  type Recording,
  realSysfs,
  recordedSysfs,
  type SysfsReader,
} from '../../../src/host/index.js';
import { changed, inventoryOf, plant, recording, without } from './recordings.js';

const six = recording('six-devices');
const many = recording('hub-twins-gadgets');
const disk = inventoryOf(six).devices.find((one) => one.port === '2-1') as HostDevice;
const BOUND = { link: '../../../bus/usb/drivers/usb-storage' };
const CLAIMED = { link: '../../../bus/usb/drivers/usbfs' };

/** A host that shows one recording after the other, and then stays with the last. */
function changing(...states: Recording[]): SysfsReader {
  const readers = states.map(recordedSysfs);
  let looks = 0;
  const now = (): SysfsReader => readers[Math.min(looks, readers.length - 1)] as SysfsReader;
  return {
    sysRoot: '/sys',
    devRoot: '/dev',
    bytes: (path) => now().bytes(path),
    text: (path) => now().text(path),
    list: (path) => now().list(path),
    // The link to the driver is the last thing that is read of the disk's one interface.
    link: (path) => {
      const answer = now().link(path);
      looks++;
      return answer;
    },
    access: (node) => now().access(node),
  };
}

/** Keeps what it was asked for; refuses the interfaces named. */
function probe(refused: string[] = []): DriverProbe & { asked: string[] } {
  const asked: string[] = [];
  return {
    path: '/sys/bus/usb/drivers_probe',
    asked,
    probe: (name) => {
      asked.push(name);
      if (refused.includes(name)) throw new Error('EINVAL: invalid argument, write');
    },
  };
}

describe('driver bindings', () => {
  it('are those of the device alone, not of one whose name begins alike', () => {
    expect(driverBindings(recordedSysfs(many), '1-5').map((one) => one.name)).toEqual(['1-5:1.0']);
    expect(driverBindings(recordedSysfs(many), '6-1').map((one) => one.name)).toEqual(['6-1:1.0', '6-1:1.1']);
  });

  it('are none when the device is gone', () => {
    expect(driverBindings(recordedSysfs(six), '9-9')).toEqual([]);
  });

  it('of usbfs are not those of a kernel driver', () => {
    const claimed = recordedSysfs(changed(six, { '2-1:1.0/driver': CLAIMED }));
    expect(driverBindings(claimed, '2-1').map(hasKernelDriver)).toEqual([false]);
    expect(disk.interfaces.map(hasKernelDriver)).toEqual([true]);
  });
});

describe('probing for drivers', () => {
  it('asks for each interface that has none', () => {
    const asked = probe();
    expect(probeDrivers(recordedSysfs(many), asked, '6-1')).toEqual([]);
    expect(asked.asked).toEqual(['6-1:1.0', '6-1:1.1']);
  });

  it('leaves interfaces alone that have a driver or that a program claimed', () => {
    const asked = probe();
    probeDrivers(recordedSysfs(six), asked, '2-1');
    probeDrivers(recordedSysfs(changed(six, { '2-1:1.0/driver': CLAIMED })), asked, '2-1');
    expect(asked.asked).toEqual([]);
  });

  it('goes on after a refusal and reports it with the command to try', () => {
    const asked = probe(['6-1:1.0']);
    const [found, ...others] = probeDrivers(recordedSysfs(many), asked, '6-1');
    expect(others).toEqual([]);
    expect(asked.asked).toHaveLength(2);
    expect(found && words(found)).toEqual({
      what: "could not give interface 6-1:1.0 back to the host's drivers",
      where: '/sys/bus/usb/drivers_probe',
      why: 'EINVAL: invalid argument, write',
      fix: 'echo 6-1:1.0 | sudo tee /sys/bus/usb/drivers_probe',
    });
  });

  it('writes the name of the interface to the file of the kernel', () => {
    const root = mkdtempSync(join(tmpdir(), 'qplug-probe-'));
    const { sys } = plant(changed(six, { '2-1:1.0/driver': undefined }), root);
    expect(probeDrivers(realSysfs({ sys }), kernelDriverProbe(sys), '2-1')).toEqual([]);
    expect(readFileSync(join(sys, 'bus/usb/drivers_probe'), 'utf8')).toBe('2-1:1.0');
    rmSync(root, { recursive: true });
  });
});

describe('waiting for the drivers to come back', () => {
  it('ends at once when all are there', async () => {
    using deadline = new Deadline(1000);
    expect(await awaitDrivers(recordedSysfs(six), disk, { deadline })).toEqual({ lacking: [], gone: false });
  });

  it('ends when the last one is there', async () => {
    using deadline = new Deadline(5000);
    const claimed = changed(six, { '2-1:1.0/driver': CLAIMED });
    const none = changed(six, { '2-1:1.0/driver': undefined });
    const back = changed(six, { '2-1:1.0/driver': BOUND });
    const outcome = await awaitDrivers(changing(claimed, none, back), disk, { deadline, interval: 1 });
    expect(outcome).toEqual({ lacking: [], gone: false });
  });

  it('tells at the deadline which interface lacks which driver', async () => {
    using deadline = new Deadline(20);
    const none = recordedSysfs(changed(six, { '2-1:1.0/driver': undefined }));
    const outcome = await awaitDrivers(none, disk, { deadline, interval: 2 });
    expect(outcome).toEqual({ lacking: [{ interface: '2-1:1.0', driver: 'usb-storage' }], gone: false });
    const found = driversFinding(disk, outcome, 20);
    expect(found && words(found).why).toBe('2-1:1.0 had usb-storage and has none');
  });

  it('does not wait for a device that was pulled', async () => {
    using deadline = new Deadline(1000);
    const outcome = await awaitDrivers(recordedSysfs(without(six, '2-1')), disk, { deadline });
    expect(outcome).toEqual({ lacking: [], gone: true });
    expect(driversFinding(disk, outcome, 1000)).toBeUndefined();
  });

  it('does not wait for interfaces that had no driver before', async () => {
    using deadline = new Deadline(1000);
    const gadget = inventoryOf(many).devices.find((one) => one.port === '6-1') as HostDevice;
    expect(await awaitDrivers(recordedSysfs(many), gadget, { deadline })).toEqual({ lacking: [], gone: false });
  });

  it('throws the reason of a caller who gives up', async () => {
    using deadline = new Deadline(1000, AbortSignal.abort(new Error('stopped')));
    await expect(awaitDrivers(recordedSysfs(six), disk, { deadline })).rejects.toThrow('stopped');
  });
});
