import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describe as words } from '../../../../src/diag/index.js';
import {
  bindingsAmiss,
  bindingsOf,
  type DriverControl,
  driverBindings,
  type HostDevice,
  hasKernelDriver,
  kernelDrivers,
  probeDrivers,
  type Recording,
  realSysfs,
  rebind,
  recordedSysfs,
} from '../../../../src/host/index.js';
import { changed, inventoryOf, plant, recording, without } from '../recordings.js';

const six = recording('six-devices');
const many = recording('hub-twins-gadgets');
const disk = inventoryOf(six).devices.find((one) => one.port === '2-1') as HostDevice;
const CLAIMED = { link: '../../../bus/usb/drivers/usbfs' };

/** Keeps what it was asked for; refuses the interfaces named. */
function probe(refused: string[] = []): DriverControl & { asked: string[] } {
  const asked: string[] = [];
  return {
    path: '/sys/bus/usb/drivers_probe',
    asked,
    bind: () => undefined,
    unbind: () => undefined,
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
      fix: 'printf %s 6-1:1.0 | sudo tee /sys/bus/usb/drivers_probe',
    });
  });

  it('writes the name of the interface to the file of the kernel', () => {
    const root = mkdtempSync(join(tmpdir(), 'qplug-probe-'));
    const { sys } = plant(changed(six, { '2-1:1.0/driver': undefined }), root);
    expect(probeDrivers(realSysfs({ sys }), kernelDrivers(sys), '2-1')).toEqual([]);
    expect(readFileSync(join(sys, 'bus/usb/drivers_probe'), 'utf8')).toBe('2-1:1.0');
    rmSync(root, { recursive: true });
  });
});

describe('giving interfaces back to those who drove them', () => {
  const usbfs = { link: '../../../../../../bus/usb/drivers/usbfs' };
  const sound = { link: '../../../../../../bus/usb/drivers/snd-usb-audio' };

  /** A host that does what is asked, as a kernel does: `all` names drivers that take each interface of the device. */
  function kernel(start: Recording, all: readonly string[] = []): Kernel {
    let now = start;
    const done: string[] = [];
    const put = (name: string, driver: string | undefined): void => {
      const device = name.slice(0, name.indexOf(':'));
      const names = driver !== undefined && all.includes(driver) ? namesOf(now, device) : [name];
      for (const one of names) {
        const link = driver === undefined ? undefined : { link: `../../../../../../bus/usb/drivers/${driver}` };
        now = changed(now, { [`${one}/driver`]: link });
      }
    };
    const isDriven = (name: string): boolean => driverOf(now, name) !== undefined;
    return {
      reader: () => recordedSysfs(now),
      done,
      control: {
        path: '/sys/bus/usb/drivers_probe',
        probe: (name) => {
          done.push(`probe ${name}`);
        },
        bind: (name, driver) => {
          done.push(`bind ${name} ${driver}`);
          if (driver === 'gone') throw new Error('ENOENT');
          if (isDriven(name)) throw new Error('ENODEV');
          put(name, driver);
        },
        unbind: (name, driver) => {
          done.push(`unbind ${name} ${driver}`);
          if (driver === 'stuck') throw new Error('EPERM');
          put(name, undefined);
        },
      },
    };
  }

  interface Kernel {
    reader(): ReturnType<typeof recordedSysfs>;
    readonly control: DriverControl;
    readonly done: string[];
  }

  const driverOf = (now: Recording, name: string): string | undefined =>
    driverBindings(recordedSysfs(now), name.slice(0, name.indexOf(':'))).find((one) => one.name === name)?.driver;
  const namesOf = (now: Recording, device: string): string[] =>
    driverBindings(recordedSysfs(now), device).map((one) => one.name);

  function give(host: Kernel, port: string, before: ReturnType<typeof bindingsOf>): string[] {
    const now = host.reader();
    // it looks at the host through one reader, which shows what was changed
    const reader = {
      ...now,
      text: (path: string) => host.reader().text(path),
      list: (path: string) => host.reader().list(path),
      link: (path: string) => host.reader().link(path),
      bytes: (path: string) => host.reader().bytes(path),
    };
    return rebind(reader, host.control, port, before).map(({ code }) => code);
  }

  it('keeps who drove what; a program that claimed an interface is no driver', () => {
    expect(bindingsOf(disk)).toEqual([['2-1:1.0', 'usb-storage']]);
    const claimed = inventoryOf(changed(six, { '2-1:1.0/driver': CLAIMED })).devices.find(({ port }) => port === '2-1');
    expect(claimed && bindingsOf(claimed)).toEqual([['2-1:1.0', null]]);
  });

  it('asks nothing where all is as it was', () => {
    const host = kernel(six);
    expect(give(host, '2-1', bindingsOf(disk))).toEqual([]);
    expect(host.done).toEqual([]);
  });

  it('gives the driver back that there was', () => {
    const host = kernel(changed(six, { '2-1:1.0/driver': undefined }));
    expect(give(host, '2-1', bindingsOf(disk))).toEqual([]);
    expect(host.done).toEqual(['bind 2-1:1.0 usb-storage']);
    expect(bindingsAmiss(host.reader(), '2-1', bindingsOf(disk))).toEqual([]);
  });

  it('takes a driver off an interface that had none, and one that had another gets that one', () => {
    const host = kernel(six);
    expect(give(host, '2-1', [['2-1:1.0', null]])).toEqual([]);
    expect(give(host, '2-1', [['2-1:1.0', 'uas']])).toEqual([]);
    expect(host.done).toEqual(['unbind 2-1:1.0 usb-storage', 'bind 2-1:1.0 uas']);
  });

  it('leaves alone what a program has claimed', () => {
    const host = kernel(changed(six, { '2-1:1.0/driver': usbfs }));
    expect(give(host, '2-1', bindingsOf(disk))).toEqual([]);
    expect(host.done).toEqual([]);
  });

  it('a driver that takes all interfaces with the first is not asked for the second', () => {
    const bare = changed(many, { '6-1:1.0/driver': undefined, '6-1:1.1/driver': undefined });
    const host = kernel(bare, ['snd-usb-audio']);
    const before = [
      ['6-1:1.0', 'snd-usb-audio'],
      ['6-1:1.1', 'snd-usb-audio'],
    ] as const;
    expect(give(host, '6-1', before)).toEqual([]);
    expect(host.done).toEqual(['bind 6-1:1.0 snd-usb-audio']);
  });

  it('a driver that is not there any more: the kernel looks for another; what is refused is told', () => {
    const bare = changed(many, { '6-1:1.0/driver': undefined, '6-1:1.1/driver': sound });
    const host = kernel(bare);
    expect(give(host, '6-1', [['6-1:1.0', 'gone']])).toEqual([]);
    expect(host.done).toEqual(['bind 6-1:1.0 gone', 'probe 6-1:1.0']);
    const stuck = kernel(changed(six, { '2-1:1.0/driver': { link: '../../bus/usb/drivers/stuck' } }));
    expect(give(stuck, '2-1', bindingsOf(disk))).toEqual(['driver-probe-failed']);
  });

  it('a device that is gone needs nothing', () => {
    const host = kernel(without(six, '2-1'));
    expect(give(host, '2-1', bindingsOf(disk))).toEqual([]);
    expect(host.done).toEqual([]);
  });

  it('writes to the files of the kernel, and no name leads out of its folder', () => {
    const root = mkdtempSync(join(tmpdir(), 'qplug-bind-'));
    mkdirSync(join(root, 'bus/usb/drivers/usbhid'), { recursive: true });
    const control = kernelDrivers(root);
    control.bind('1-2:1.0', 'usbhid');
    control.unbind('1-2:1.1', 'usbhid');
    const written = ['bind', 'unbind'].map((file) => readFileSync(join(root, 'bus/usb/drivers/usbhid', file), 'utf8'));
    expect(written).toEqual(['1-2:1.0', '1-2:1.1']);
    for (const driver of ['..', '../usbhid', '.', '']) {
      expect(() => control.bind('1-2:1.0', driver)).toThrow('no name of a driver');
    }
    rmSync(root, { recursive: true });
  });
});
