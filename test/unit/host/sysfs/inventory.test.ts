import { describe, expect, it } from 'vitest';
import {
  comparePorts,
  type HostDevice,
  readInventory,
  recordedSysfs,
  type SysfsReader,
} from '../../../../src/host/index.js';
import { changed, inventoryOf, NO_IDS, recording, without } from '../recordings.js';
import { speedMaskOfHostDevice } from '../speed-shape.js';

const six = recording('six-devices');
const many = recording('hub-twins-gadgets');

function at(inventory: { devices: readonly HostDevice[]; hubs: readonly HostDevice[] }, port: string): HostDevice {
  return [...inventory.devices, ...inventory.hubs].find((one) => one.port === port) as HostDevice;
}

/** A recorded host on which something happens when a path is read. */
function faulty(fault: (path: string) => string | undefined | 'as recorded'): SysfsReader {
  const reader = recordedSysfs(six);
  const unless = <T>(path: string, recorded: T, faulted: (answer: string) => T | undefined): T | undefined => {
    const answer = fault(path);
    return answer === 'as recorded' ? recorded : answer === undefined ? undefined : faulted(answer);
  };
  return {
    ...reader,
    bytes: (path) => unless(path, reader.bytes(path), (answer) => Buffer.from(answer)),
    text: (path) => unless(path, reader.text(path), (answer) => answer),
  };
}

describe('inventory of a recorded host', () => {
  it('gives everything of a SuperSpeed disk', () => {
    const { configurations, ...disk } = at(inventoryOf(six), '2-1');
    expect(disk).toEqual({
      port: '2-1',
      bus: 2,
      address: 2,
      chain: [1],
      controller: '0000:00:03.0',
      peer: '1-1',
      vendorId: 0x46f4,
      productId: 0x0001,
      serial: 'SS0001',
      manufacturer: 'QEMU',
      product: 'QEMU USB HARDDRIVE',
      name: 'QEMU USB HARDDRIVE',
      class: 0,
      classes: [8],
      megabits: 5000,
      interfaces: [{ name: '2-1:1.0', number: 0, class: 8, driver: 'usb-storage' }],
      node: '/dev/bus/usb/002/002',
      access: 'usable',
      isHub: false,
      findings: [],
    });
    expect(configurations).toHaveLength(1);
  });

  it('keeps hubs and root hubs apart from what is offered', () => {
    const { devices, hubs } = inventoryOf(many);
    expect(devices.map((one) => one.port)).toEqual([
      '1-2',
      '1-4',
      '1-5.2',
      '1-5.3',
      '1-5.8',
      '2-1',
      '2-6',
      '2-7',
      '3-1',
      '4-1',
      '4-2',
      '6-1',
      '8-1',
      '11-1',
    ]);
    expect(hubs.map((one) => one.port).slice(0, 3)).toEqual(['usb1', '1-5', 'usb2']);
    expect(hubs.every((one) => one.isHub && one.classes.includes(9))).toBe(true);
  });

  it('reads every speed from low to super', () => {
    const { devices } = inventoryOf(many);
    expect([...new Set(devices.map((one) => one.megabits))].sort()).toEqual([1.5, 12, 480, 5000].sort());
  });

  it('names the platform device of a controller that is not on PCI', () => {
    expect(at(inventoryOf(many), '6-1')).toMatchObject({ controller: 'dummy_hcd.0', peer: '5-1' });
  });

  it('gives the other half of the connector to the devices and hubs that have one', () => {
    const inventory = inventoryOf(many);
    expect(at(inventory, '1-5').peer).toBe('2-5');
    expect(at(inventory, '1-5.2').peer).toBeUndefined();
    expect(at(inventory, '3-1').peer).toBeUndefined();
  });

  it('finds the other half through the folder of the hub where a device has no port link', () => {
    const older = without(without(six, '2-1/port'), '1-2/port');
    expect(at(inventoryOf(older), '2-1').peer).toBe('1-1');
    expect(at(inventoryOf(older), '1-2').peer).toBe('2-2');
  });

  it('says which driver has each interface, and that none has', () => {
    const inventory = inventoryOf(many);
    expect(at(inventory, '2-6').interfaces.map((one) => one.driver)).toEqual(['uas']);
    expect(at(inventory, '6-1').interfaces).toMatchObject([
      { name: '6-1:1.0', class: 2, driver: undefined },
      { name: '6-1:1.1', class: 10, driver: undefined },
    ]);
  });

  it('orders ports as numbers', () => {
    const ports = [
      { bus: 10, chain: [1] },
      { bus: 2, chain: [10] },
      { bus: 2, chain: [2, 1] },
      { bus: 2, chain: [2] },
    ];
    expect(ports.sort(comparePorts)).toEqual([
      { bus: 2, chain: [2] },
      { bus: 2, chain: [2, 1] },
      { bus: 2, chain: [10] },
      { bus: 10, chain: [1] },
    ]);
  });

  it('gives devices that the speed rule of QEMU can be asked about', () => {
    expect(inventoryOf(many).devices.map(speedMaskOfHostDevice)).toContain('5000 with 1 configurations');
  });
});

describe('inventory of an odd host', () => {
  it('is empty, with a finding, where there is no USB', () => {
    const inventory = readInventory(recordedSysfs({ schema: 'qplug-host-recording-1', sys: {}, nodes: {} }));
    expect(inventory.devices).toEqual([]);
    expect(inventory.findings).toMatchObject([{ code: 'no-usb-on-host', evidence: { path: '/sys/bus/usb/devices' } }]);
  });

  it('reads ids from the text attributes and says so when descriptors are missing', () => {
    const device = at(inventoryOf(changed(six, { '1-4/descriptors': undefined })), '1-4');
    expect(device).toMatchObject({ vendorId: 0x08e6, productId: 0x4433, configurations: [], isHub: false });
    expect(device.findings).toMatchObject([{ code: 'attribute-unreadable', evidence: { attribute: 'descriptors' } }]);
  });

  it('knows a hub whose descriptors are missing', () => {
    const inventory = inventoryOf(changed(many, { '1-5/descriptors': undefined }));
    expect(inventory.hubs.map((one) => one.port)).toContain('1-5');
  });

  it('has no speed where the kernel says unknown, and the new speeds where it says them', () => {
    const speeds = { '1-2/speed': { text: 'unknown\n' }, '1-4/speed': { text: '20000\n' }, '2-1/speed': undefined };
    const inventory = inventoryOf(changed(six, speeds));
    expect(['1-2', '1-4', '2-1'].map((port) => at(inventory, port).megabits)).toEqual([undefined, 20000, undefined]);
  });

  it('leaves out a device that is gone before it is read', () => {
    const inventory = inventoryOf(changed(six, { '2-1/devnum': undefined }));
    expect(inventory.devices.map((one) => one.port)).toEqual(['1-2', '1-4', '3-1', '4-1', '4-2']);
  });

  it('leaves out a device that leaves with the number -1', () => {
    expect(at(inventoryOf(changed(six, { '2-1/devnum': { text: '-1\n' } })), '2-1')).toBeUndefined();
  });

  it.each(['descriptors', 'serial', 'speed'])('leaves out a device that goes when its %s is read', (attribute) => {
    let gone = false;
    const reader = faulty((path) => {
      gone ||= path === `bus/usb/devices/2-1/${attribute}`;
      return gone && path.startsWith('bus/usb/devices/2-1/') ? undefined : 'as recorded';
    });
    const ports = readInventory(reader, { ids: NO_IDS }).devices.map((one) => one.port);
    expect(ports).toEqual(['1-2', '1-4', '3-1', '4-1', '4-2']);
  });

  it('leaves out a device that another took the place of while it was read', () => {
    let reads = 0;
    const reader = faulty((path) => (path === 'bus/usb/devices/2-1/devnum' ? `${2 + reads++}\n` : 'as recorded'));
    expect(readInventory(reader, { ids: NO_IDS }).devices.map((one) => one.port)).not.toContain('2-1');
  });

  it('keeps a device with a finding when an attribute fails in another way', () => {
    const reader = faulty((path) => {
      if (path === 'bus/usb/devices/2-1/serial') throw new Error('EIO: i/o error, read');
      return 'as recorded';
    });
    const device = at(readInventory(reader, { ids: NO_IDS }), '2-1');
    expect(device.serial).toBeUndefined();
    expect(device.findings).toMatchObject([
      {
        code: 'attribute-unreadable',
        severity: 'warning',
        evidence: { attribute: 'serial', reason: 'EIO: i/o error, read' },
      },
    ]);
  });

  it('says which nodes may not be opened and which are not there', () => {
    const inventory = inventoryOf({ ...six, nodes: { 'bus/usb/001/002': 'denied' } });
    expect(inventory.devices.slice(0, 2).map((one) => one.access)).toEqual(['denied', 'missing']);
  });

  it('ignores names that are no devices', () => {
    const odd = changed(six, { 'usbmon/speed': { text: '1\n' }, '1-/devnum': { text: '9\n' }, '..': { text: '' } });
    expect(inventoryOf(odd).devices).toHaveLength(6);
  });

  it('calls the controller unknown when no link tells it', () => {
    expect(at(inventoryOf(changed(six, { '2-1': undefined })), '2-1').controller).toBe('unknown');
  });
});
