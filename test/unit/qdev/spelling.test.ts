import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  controllerDevice,
  deviceAddArguments,
  deviceOption,
  emulatedDevice,
  ich9Group,
  pcieRootPort,
  spellsDevicesAsJson,
  usbHost,
  usbHostByNode,
  usbHub,
} from '../../../src/qdev/index.js';

const V62 = { major: 6, minor: 2, micro: 0 };
const V70 = { major: 7, minor: 0, micro: 0 };

describe('device_add arguments', () => {
  test('a host device has numbers for bus and address and text for its port', () => {
    expect(deviceAddArguments(usbHost({ id: 'd', bus: 'x.0', port: '2.3', hostbus: 1, hostaddr: 5 }))).toEqual({
      driver: 'usb-host',
      id: 'd',
      bus: 'x.0',
      port: '2.3',
      hostbus: 1,
      hostaddr: 5,
    });
  });

  test('a host device by its node has no bus and address beside it', () => {
    const exact = usbHost({ id: 'd', bus: 'x.0', port: '2.3', hostbus: 1, hostaddr: 105 });
    expect(usbHostByNode(exact)).toStrictEqual({
      driver: 'usb-host',
      id: 'd',
      properties: { bus: 'x.0', port: '2.3', hostdevice: '/dev/bus/usb/001/105' },
    });
  });

  test('what is no host device has no node', () => {
    expect(usbHostByNode(usbHub({ id: 'h', bus: 'x.0', port: '2', ports: 4 }))).toBeUndefined();
  });

  test('a root port is text too', () => {
    expect(deviceAddArguments(usbHub({ id: 'h', bus: 'x.0', port: '2', ports: 4 }))).toStrictEqual({
      driver: 'usb-hub',
      id: 'h',
      bus: 'x.0',
      port: '2',
      ports: 4,
    });
  });

  test('properties of an emulated device cannot move it', () => {
    const spec = emulatedDevice({
      driver: 'usb-tablet',
      id: 't',
      bus: 'x.0',
      port: '1',
      properties: { port: '9', serial: 'a' },
    });
    expect(deviceAddArguments(spec)).toMatchObject({ bus: 'x.0', port: '1', serial: 'a' });
  });

  test('a controller says only what was given, its address as text', () => {
    expect(
      deviceAddArguments(controllerDevice({ id: 'x', model: 'qemu-xhci', p2: 0, pciBus: 'pcie.0', address: '10' })),
    ).toStrictEqual({
      driver: 'qemu-xhci',
      id: 'x',
      bus: 'pcie.0',
      addr: '10',
      p2: 0,
    });
    expect(deviceAddArguments(controllerDevice({ id: 'o', model: 'pci-ohci', numPorts: 6 }))).toStrictEqual({
      driver: 'pci-ohci',
      id: 'o',
      'num-ports': 6,
    });
  });

  test('a companion names its EHCI and first port', () => {
    const [, , second] = ich9Group('e', { pciBus: 'pci.0', slot: 5 }).map(controllerDevice).map(deviceAddArguments);
    expect(second).toStrictEqual({
      driver: 'ich9-usb-uhci2',
      id: 'e-uhci2',
      bus: 'pci.0',
      addr: '5.1',
      multifunction: true,
      masterbus: 'e.0',
      firstport: 2,
    });
  });
});

describe('-device', () => {
  const spec = usbHub({ id: 'h', bus: 'x.0', port: '1', ports: 4 });

  test('is JSON from 7.0 on, of the same arguments as device_add', () => {
    expect([V62, V70].map((version) => spellsDevicesAsJson(version))).toEqual([false, true]);
    expect(JSON.parse(deviceOption(spec, V70))).toEqual(deviceAddArguments(spec));
  });

  test('a 6.2 that was mended says so, and is believed', () => {
    expect(spellsDevicesAsJson(V62, new Set(['json-cli', 'json-cli-hotplug']))).toBe(true);
    expect(spellsDevicesAsJson(V62, new Set(['json-cli']))).toBe(false);
    expect(deviceOption(spec, V62, new Set(['json-cli-hotplug']))).toBe(deviceOption(spec, V70));
  });

  test('is key=value before', () => {
    expect(deviceOption(spec, V62)).toBe('usb-hub,id=h,bus=x.0,port=1,ports=4');
  });

  test('key=value doubles commas and says on and off', () => {
    const odd = {
      driver: 'usb-storage',
      id: 's',
      properties: { serial: 'a,b=,c', removable: true, commandlog: false },
    };
    expect(deviceOption(odd, V62)).toBe('usb-storage,id=s,serial=a,,b=,,c,removable=on,commandlog=off');
  });

  test('key=value comes back as it was, whatever the values hold', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), fc.string()), (properties) => {
        const option = deviceOption({ driver: 'd', id: 'i', properties: { ...properties, last: '' } }, V62);
        // QEMU's reading: a single comma separates, a doubled one is a comma, the first = ends the key.
        const parts = option
          .replaceAll(',,', '\0')
          .split(',')
          .map((part) => part.replaceAll('\0', ','));
        const back = parts
          .slice(1)
          .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]);
        expect(Object.fromEntries(back)).toEqual({ id: 'i', ...properties, last: '' });
      }),
    );
  });

  test('a root port', () => {
    const port = pcieRootPort({ id: 'rp1', chassis: 1, slot: 2, address: '1c.0', bus: 'pcie.0', multifunction: true });
    expect(deviceOption(port, V62)).toBe(
      'pcie-root-port,id=rp1,bus=pcie.0,addr=1c.0,multifunction=on,chassis=1,slot=2',
    );
  });
});
