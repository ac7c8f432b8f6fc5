import { describe, expect, test } from 'vitest';
import { parseVmFile, type VmFile } from '../../../../src/config/index.js';
import type { QplugError } from '../../../../src/diag/index.js';
import {
  boardControllers,
  checkGuest,
  chooseControllers,
  growControllers,
  machineModel,
  predictBuses,
  spareRootPorts,
} from '../../../../src/launcher/index.js';

const read = (text: string): Promise<VmFile> => parseVmFile(text, '/vm/x.yaml');
const places = async (text: string): Promise<string[]> =>
  chooseControllers(await read(text)).map(({ id, pciBus, address }) => `${id} ${pciBus ?? '-'} ${address ?? '-'}`);

describe('machineModel', () => {
  test.each([
    ['pc', 'pc', 'pci.0', true],
    ['pc-i440fx-7.2', 'pc', 'pci.0', true],
    ['pc-1.3', 'pc', 'pci.0', true],
    ['q35,smm=off', 'q35', 'pcie.0', false],
    ['pc-q35-rhel9.2.0', 'q35', 'pcie.0', false],
    ['microvm', 'microvm', 'pcie.0', false],
    ['microvm,pcie=off', 'microvm', undefined, false],
    ['virt-7.2', 'virt', 'pcie.0', false],
    ['virtual', 'other', undefined, false],
    ['none', 'none', undefined, false],
    ['raspi3b', 'other', undefined, false],
  ] as const)('%s is %s, with root bus %s', (machine, family, pciBus, hotplug) => {
    expect(machineModel(machine)).toMatchObject({ family, pciBus, hotplug });
  });

  test('the last of several switches counts, a bare one is on', () => {
    expect(machineModel('q35,usb=off,usb').usb).toBe(true);
    expect(machineModel('q35,usb=on,usb=off').usb).toBe(false);
    expect(machineModel('q35,usbx=on').usb).toBeUndefined();
  });
});

describe('chooseControllers', () => {
  test('none named gives one xHCI of 15 ports at a fixed address', async () => {
    expect(chooseControllers(await read('{}'))).toEqual([
      { id: 'xhci', model: 'qemu-xhci', p2: 15, p3: 15, pciBus: 'pcie.0', address: '10.0' },
    ]);
  });

  test('sixteen controllers find slots of their own, more are told', async () => {
    const text = 'usb: {controllers: [{model: uhci, count: 16}, {model: ehci, id: late}]}';
    const found = await places(text);
    expect(new Set(found.map((line) => line.split(' ')[2])).size).toBe(16);
    expect(checkGuest(await read(text)).map(({ code }) => code)).toEqual(['controller-no-slot']);
  });

  test('beside the ICH9 group of the board the second slot is taken first', async () => {
    expect((await places('{machine: "q35,usb=on", usb: {controllers: [{model: ich9}]}}'))[0]).toBe('ich9 pcie.0 1a.7');
  });

  test('on a machine that qplug does not know QEMU finds the place', async () => {
    expect(await places('{machine: pseries, qemu: {binary: qemu-system-ppc64}}')).toEqual(['xhci - -']);
  });

  test.each(['isapc', 'raspi3b', 'cubieboard', 'n810'])('%s, a machine without PCI, gets none', async (machine) => {
    expect(await places(`machine: ${machine}`)).toEqual([]);
  });

  test('a board with USB and PCI gets one beside its own', async () => {
    expect(await places('machine: mcimx7d-sabre')).toEqual(['xhci - -']);
  });
});

describe('what the board brings', () => {
  test.each([
    ['machine: microvm', 'sysbus-xhci', 8, 15],
    ['qemu: {args: [-usb]}', 'ich9-usb-ehci1', 6, 7],
    ['{machine: pc, qemu: {args: [--usb]}}', 'piix3-usb-uhci', 2, 3],
  ])('%s: %s with %i ports of mask %i', async (text, model, count, mask) => {
    const [board] = boardControllers(await read(text));
    expect(board).toMatchObject({ bus: 'usb-bus.0', id: undefined, model });
    expect(board?.ports.map((port) => port.mask)).toEqual(Array(count).fill(mask));
  });

  test('a board without PCI: USB is switched on where it is off by default, and stays off where the file says so', async () => {
    const buses = async (text: string) => boardControllers(await read(text)).map(({ bus, model }) => `${bus} ${model}`);
    expect(await buses('machine: n810')).toEqual(['usb-bus.0 tusb6010']);
    expect(await buses('machine: "n810,usb=off"')).toEqual([]);
    expect(await buses('machine: "raspi3b,usb=off"')).toEqual(['usb-bus.0 dwc2-usb']);
    expect(await buses('machine: orangepi-pc')).toHaveLength(8);
  });

  test('by version where versions differ', async () => {
    const models = async (machine: string, major: number, minor: number) =>
      boardControllers(await read(`machine: ${machine}`), { major, minor, micro: 0 }).map(({ model }) => model);
    expect(await models('sbsa-ref', 7, 2)).toEqual(['platform-ehci-usb']);
    expect(await models('sbsa-ref', 10, 0)).toEqual(['sysbus-xhci']);
    expect(await models('xlnx-zcu102', 5, 2)).toEqual([]);
    expect(await models('xlnx-zcu102', 7, 2)).toEqual(['sysbus-xhci', 'sysbus-xhci']);
    expect(await models('ast2700-evb', 10, 0)).toEqual([]);
  });

  test('nothing where USB is off, on a microvm with named controllers, and on Arm', async () => {
    const files = [
      '{}',
      'machine: "microvm,usb=off"',
      '{machine: microvm, usb: {controllers: [{model: xhci}]}}',
      '{machine: "virt,usb=on", qemu: {binary: qemu-system-aarch64}}',
    ];
    for (const text of files) expect(boardControllers(await read(text))).toEqual([]);
  });

  test('buses are told with those of named controllers', async () => {
    const vm = await read('{machine: "pc,usb=on", usb: {controllers: [{model: xhci}]}}');
    expect(predictBuses(vm).map(({ bus }) => bus)).toEqual(['usb-bus.0', 'xhci.0']);
  });
});

describe('growth', () => {
  test('up to four more xHCI, in slots and with ids that are free', async () => {
    const vm = await read('usb: {controllers: [{model: xhci, count: 14}]}');
    const more = growControllers(vm, chooseControllers(vm), new Set(['qplug-xhci1']));
    expect(more.map(({ id, address }) => `${id} ${address}`)).toEqual(['qplug-xhci2 9.0', 'qplug-xhci3 8.0']);
  });

  test('none where the file forbids it, or a microvm has no PCI', async () => {
    for (const text of ['usb: {grow: [hubs]}', 'machine: microvm', 'machine: isapc']) {
      const vm = await read(text);
      expect(growControllers(vm, chooseControllers(vm))).toEqual([]);
      expect(spareRootPorts(vm)).toEqual([]);
    }
  });
});

describe('checkGuest', () => {
  const codes = async (text: string): Promise<string[]> => {
    const outcome = await parseVmFile(text, '/vm/x.yaml', { checkGuest }).catch((error: QplugError) => error);
    return 'findings' in outcome ? outcome.findings.map(({ code }) => code) : [];
  };

  test.each([
    ['the default controller can be pinned', 'usb: {devices: [{select: a, controller: xhci, port: 15}]}', []],
    ['beyond its ports it can not', 'usb: {devices: [{select: a, controller: xhci, port: 16}]}', ['pin-port-unknown']],
    [
      'a port without a controller is taken on the only one',
      'usb: {devices: [{select: a, port: 1}, {select: b, port: 1}]}',
      ['port-pinned-twice'],
    ],
    [
      'with two controllers, one that has it is enough',
      'usb: {controllers: [{model: uhci}, {model: ehci}], devices: [{select: a, port: 6}]}',
      [],
    ],
    [
      'a controller can be named by its bus',
      'usb: {devices: [{select: a, controller: xhci.0, port: 1}, {select: b, controller: xhci, port: 1}]}',
      ['port-pinned-twice'],
    ],
    [
      'five hubs can be chained, not six',
      `usb: {hubs: [${['1', '1.1', '1.1.1', '1.1.1.1', '1.1.1.1.1', '1.1.1.1.1.1'].map((port) => `{controller: xhci, port: ${port}}`)}]}`,
      ['pin-hub-too-deep'],
    ],
    [
      'ports of a hub end at its number',
      'usb: {hubs: [{controller: xhci, port: 1, ports: 4}], devices: [{select: a, controller: xhci, port: 1.5}]}',
      ['pin-port-unknown'],
    ],
    [
      'the ids of companions are not free',
      'usb: {controllers: [{model: ich9, id: e}], hubs: [{id: e-uhci1, controller: e, port: 1}]}',
      ['id-of-companion'],
    ],
    [
      'pins are not judged while a controller is wrong',
      'usb: {controllers: [{model: xhc1}], devices: [{select: a, controller: xhci}]}',
      ['value-unknown'],
    ],
    [
      'a controller on PCI is refused where the board has no PCI',
      '{machine: raspi3b, qemu: {binary: qemu-system-aarch64}, usb: {controllers: [{model: xhci}]}}',
      ['controller-needs-pci'],
    ],
    [
      'the port of a board can be pinned, and is the only one',
      '{machine: raspi3b, qemu: {binary: qemu-system-aarch64}, usb: {devices: [{select: a, port: 1}, {select: b, port: 2}]}}',
      ['pin-port-unknown'],
    ],
    ['unknown machines of other programs are left to QEMU', '{machine: q53, qemu: {binary: qemu-system-ppc}}', []],
    ['a new machine of x86 is left to QEMU', 'machine: confidential-vm', []],
  ])('%s', async (_title, text, expected) => {
    expect(await codes(text)).toEqual(expected);
  });
});
