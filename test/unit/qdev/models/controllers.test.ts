import { describe, expect, test } from 'vitest';
import {
  CONTROLLER_ALIASES,
  CONTROLLER_MODELS,
  type ControllerModel,
  type ControllerSpec,
  controllerModel,
  controllerModels,
  controllerPorts,
  FULL,
  HIGH,
  ich9Group,
  LOW,
  predictControllers,
  resolveControllerModel,
  SUPER,
} from '../../../../src/qdev/index.js';

const USB1 = LOW | FULL;
const USB2 = LOW | FULL | HIGH;
const ALL = USB2 | SUPER;
const masks = (spec: Pick<ControllerSpec, 'model' | 'p2' | 'p3' | 'numPorts'>) =>
  controllerPorts(spec).map(({ mask }) => mask);

describe('ports of a controller', () => {
  test.each<[string, Parameters<typeof masks>[0], number[]]>([
    ['xHCI by default', { model: 'qemu-xhci' }, [ALL, ALL, ALL, ALL]],
    ['xHCI with fewer USB 3 ports', { model: 'qemu-xhci', p2: 4, p3: 2 }, [ALL, ALL, USB2, USB2]],
    ['xHCI with fewer USB 2 ports', { model: 'nec-usb-xhci', p2: 1, p3: 3 }, [ALL, SUPER, SUPER]],
    ['xHCI with p2 alone: p3 stays 4', { model: 'qemu-xhci', p2: 1 }, [ALL, SUPER, SUPER, SUPER]],
    ['xHCI without ports', { model: 'qemu-xhci', p2: 0, p3: 0 }, []],
    ['EHCI', { model: 'usb-ehci' }, Array(6).fill(HIGH)],
    ['ICH9 EHCI alone', { model: 'ich9-usb-ehci1' }, Array(6).fill(HIGH)],
    ['UHCI', { model: 'piix3-usb-uhci' }, [USB1, USB1]],
    ['OHCI by default', { model: 'pci-ohci' }, [USB1, USB1, USB1]],
    ['OHCI with 15', { model: 'pci-ohci', numPorts: 15 }, Array(15).fill(USB1)],
    ['OHCI with none', { model: 'pci-ohci', numPorts: 0 }, []],
  ])('%s', (_, spec, expected) => {
    expect(masks(spec)).toEqual(expected);
  });

  test('ports count from 1', () => {
    expect(controllerPorts({ model: 'piix4-usb-uhci' }).map(({ port }) => port)).toEqual([1, 2]);
  });

  test('p2 and p3 beyond 15 are 15, as QEMU clamps them', () => {
    expect(masks({ model: 'qemu-xhci', p2: 99, p3: 16 })).toEqual(Array(15).fill(ALL));
  });

  test('nonsense for a port count is no ports, never an error', () => {
    expect(masks({ model: 'qemu-xhci', p2: -3, p3: Number.NEGATIVE_INFINITY })).toEqual([]);
    expect(masks({ model: 'pci-ohci', numPorts: Number.NaN })).toEqual([]);
  });
});

describe('controller facts', () => {
  test('every model that -device takes is known and creatable, and no board model is', () => {
    expect(CONTROLLER_MODELS.map((model) => controllerModel(model)?.creatable)).toEqual(
      CONTROLLER_MODELS.map(() => true),
    );
    const creatable = controllerModels().filter((facts) => facts.creatable);
    expect(creatable.map(({ model }) => model).sort()).toEqual([...CONTROLLER_MODELS].sort());
  });

  test('only xHCI, plain EHCI and the PIIX UHCIs can be hot-plugged', () => {
    const hot = controllerModels().filter((facts) => facts.hotpluggable);
    expect(hot.map(({ model }) => model)).toEqual([
      'qemu-xhci',
      'nec-usb-xhci',
      'usb-ehci',
      'piix3-usb-uhci',
      'piix4-usb-uhci',
    ]);
  });

  test('usb-ehci takes no companions, the ICH9 ones do; PIIX UHCIs cannot be companions', () => {
    expect(controllerModel('usb-ehci')?.takesCompanions).toBe(false);
    expect(controllerModel('ich9-usb-ehci2')?.takesCompanions).toBe(true);
    expect(controllerModel('piix3-usb-uhci')?.canBeCompanion).toBe(false);
    expect(controllerModel('ich9-usb-uhci6')?.canBeCompanion).toBe(true);
  });

  test('xHCI numbers 64 devices, boards included; the older kinds have no such limit below USB itself', () => {
    for (const { model, generation, slots } of controllerModels()) {
      expect(`${model} ${slots}`).toBe(`${model} ${generation === 3 ? 64 : undefined}`);
    }
    expect(predictControllers([{ id: 'x', model: 'qemu-xhci' }])[0]?.slots).toBe(64);
  });

  test.each(['usb-tablet', '', 'toString', '__proto__', 'xhci'])('%j is no controller type', (model) => {
    expect(controllerModel(model)).toBeUndefined();
  });
});

describe('names of controllers', () => {
  test('every alias names a model that QEMU has, and no alias is itself such a name', () => {
    for (const [alias, model] of Object.entries(CONTROLLER_ALIASES)) {
      expect(CONTROLLER_MODELS).toContain(model);
      expect(CONTROLLER_MODELS).not.toContain(alias);
    }
  });

  test.each<[string, ControllerModel | undefined]>([
    ['ehci', 'usb-ehci'],
    ['ich9-ehci1', 'ich9-usb-ehci1'],
    ['ich9-uhci3', 'ich9-usb-uhci3'],
    ['piix3-uhci', 'piix3-usb-uhci'],
    ['nec-xhci', 'nec-usb-xhci'],
    ['pci-ohci', 'pci-ohci'],
    ['qemu-xhci', 'qemu-xhci'],
    ['constructor', undefined],
    ['QEMU-XHCI', undefined],
    ['sysbus-xhci', undefined],
  ])('%s means %s', (name, model) => {
    expect(resolveControllerModel(name)).toBe(model);
  });
});

describe('ICH9 groups', () => {
  const group = ich9Group('legacy', { pciBus: 'pcie.0', slot: 0x1d });

  test('the EHCI comes first, on function 7, then the companions on 0 to 2', () => {
    expect(
      group.map(({ id, model, address, masterbus, firstport }) => [id, model, address, masterbus, firstport]),
    ).toEqual([
      ['legacy', 'ich9-usb-ehci1', '1d.7', undefined, undefined],
      ['legacy-uhci1', 'ich9-usb-uhci1', '1d.0', 'legacy.0', 0],
      ['legacy-uhci2', 'ich9-usb-uhci2', '1d.1', 'legacy.0', 2],
      ['legacy-uhci3', 'ich9-usb-uhci3', '1d.2', 'legacy.0', 4],
    ]);
    expect(group.every(({ multifunction, pciBus }) => multifunction === true && pciBus === 'pcie.0')).toBe(true);
  });

  test('the second group has its own models', () => {
    expect(ich9Group('b', { pciBus: 'pci.0', slot: 0x1a, second: true }).map(({ model }) => model)).toEqual([
      'ich9-usb-ehci2',
      'ich9-usb-uhci4',
      'ich9-usb-uhci5',
      'ich9-usb-uhci6',
    ]);
  });

  test('a whole group is one controller with six ports for 1.5 to 480 Mb/s', () => {
    expect(predictControllers(group)).toEqual([
      {
        bus: 'legacy.0',
        id: 'legacy',
        model: 'ich9-usb-ehci1',
        qomPath: undefined,
        known: true,
        devices: [],
        ports: [1, 2, 3, 4, 5, 6].map((port) => ({ port, mask: USB2 })),
      },
    ]);
  });

  test('a part of a group widens only what it covers', () => {
    const [ehci, , middle] = group;
    expect(predictControllers([ehci!, middle!])[0]?.ports.map(({ mask }) => mask)).toEqual([
      HIGH,
      HIGH,
      USB2,
      USB2,
      HIGH,
      HIGH,
    ]);
  });

  test('an OHCI of six ports covers all by itself', () => {
    const ohci: ControllerSpec = { id: 'o', model: 'pci-ohci', numPorts: 6, masterbus: 'legacy.0' };
    expect(predictControllers([group[0]!, ohci])[0]?.ports.map(({ mask }) => mask)).toEqual(Array(6).fill(USB2));
  });

  test.each<[string, Partial<ControllerSpec>[], number[]]>([
    ['one that reaches beyond the last port', [{ firstport: 5 }], [4, 4, 4, 4, 4, 4]],
    ['the second of two that overlap', [{ firstport: 1 }, { firstport: 2 }], [4, 7, 7, 4, 4, 4]],
    ['two side by side are both taken', [{ firstport: 1 }, { firstport: 3 }], [4, 7, 7, 7, 7, 4]],
    ['an OHCI of six', [{ model: 'pci-ohci', numPorts: 6 }], [7, 7, 7, 7, 7, 7]],
    ['an OHCI of seven', [{ model: 'pci-ohci', numPorts: 7 }], [4, 4, 4, 4, 4, 4]],
    ['a UHCI of a chip that has no masterbus', [{ model: 'piix3-usb-uhci' }], [4, 4, 4, 4, 4, 4]],
  ])('companions that QEMU refuses serve nothing: %s', (_, companions, masks) => {
    const specs = companions.map(
      (one, i): ControllerSpec => ({ id: `u${i}`, model: 'ich9-usb-uhci1', masterbus: 'e.0', firstport: 0, ...one }),
    );
    const [ehci] = predictControllers([{ id: 'e', model: 'ich9-usb-ehci1' }, ...specs]);
    expect(ehci?.ports.map(({ mask }) => mask)).toEqual(masks);
  });

  test('a companion of an EHCI that takes none widens nothing', () => {
    const plain: ControllerSpec = { id: 'e', model: 'usb-ehci' };
    const uhci: ControllerSpec = { id: 'u', model: 'ich9-usb-uhci1', masterbus: 'e.0', firstport: 0 };
    expect(predictControllers([plain, uhci]).map(({ bus, ports }) => [bus, ports[0]?.mask])).toEqual([['e.0', HIGH]]);
  });

  test('a UHCI of the chip without masterbus stands alone', () => {
    expect(
      predictControllers([{ id: 'u', model: 'ich9-usb-uhci1' }]).map(({ bus, ports }) => [bus, ports.length]),
    ).toEqual([['u.0', 2]]);
  });
});
