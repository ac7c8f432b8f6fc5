import { type Companion, controllerModel, type PortProperties, rootPorts, withCompanions } from '../models/index.js';
import type { Controller } from '../topology.js';
import { atLeast, type QemuVersion } from '../version.js';

/** A USB controller that belongs to a machine and needs no `-device`. Its companions have no bus of their own. */
export interface BoardController extends PortProperties {
  readonly model: string;
  readonly companions?: readonly Companion[] | undefined;
}

/** The USB of one kind of machine. */
export interface Board {
  /** Names of QEMU's machines, without options. */
  readonly machines: readonly string[];
  /** `usb`: only with `-usb` or `usb=on`. */
  readonly when: 'always' | 'usb';
  /** Whether the machine has a PCI bus for further controllers. */
  readonly pci: boolean;
  /** In the order of creation: their buses are usb-bus.0, usb-bus.1, … */
  readonly controllers: readonly BoardController[];
  /** Set where QEMU's versions differ: the row holds from `since` on, and only for versions before `before`. */
  readonly since?: readonly [major: number, minor: number] | undefined;
  readonly before?: readonly [major: number, minor: number] | undefined;
}

const of = (count: number, controller: BoardController): BoardController[] => Array(count).fill(controller);
const served = (...ranges: [firstport: number, count: number][]): readonly Companion[] =>
  ranges.map(([firstport, count]) => ({ firstport, count }));

const CHIPIDEA: BoardController = { model: 'usb-chipidea' };
const EHCI: BoardController = { model: 'platform-ehci-usb' };
const VIA: BoardController = { model: 'vt82c686b-usb-uhci' };
const words = (text: string): readonly string[] => text.split(' ');

/**
 * The USB controllers of machines, as seen in QEMU 5.2, 7.2, 10.0 and 11.1 (hw/i386/pc_piix.c, pc_q35.c, microvm.c; hw/arm/*.c;
 * hw/ppc, hw/mips). Machines that put devices of their own on the bus (mac99, pseries, sam460ex, r2d) are not here: qplug asks QEMU
 * about those once they run.
 */
export const BOARDS: readonly Board[] = [
  // x86, without the versions in their names: see `kindOf`
  { machines: ['pc'], when: 'usb', pci: true, controllers: [{ model: 'piix3-usb-uhci' }] },
  {
    machines: ['q35'],
    when: 'usb',
    pci: true,
    controllers: [{ model: 'ich9-usb-ehci1', companions: served([0, 2], [2, 2], [4, 2]) }],
  },
  { machines: ['microvm'], when: 'usb', pci: false, controllers: [{ model: 'sysbus-xhci', p2: 8, p3: 8 }] },
  // Arm
  {
    machines: words('raspi0 raspi1ap raspi2 raspi2b raspi3 raspi3ap raspi3b raspi4b'),
    when: 'always',
    pci: false,
    controllers: [{ model: 'dwc2-usb' }],
  },
  {
    machines: words('akita borzoi mainstone spitz terrier z2'),
    when: 'always',
    pci: false,
    controllers: [{ model: 'sysbus-ohci' }],
  },
  { machines: words('n800 n810'), when: 'usb', pci: false, controllers: [{ model: 'tusb6010' }] },
  {
    machines: words('palmetto-bmc quanta-q71l-bmc supermicrox11-bmc'),
    when: 'always',
    pci: false,
    controllers: [EHCI],
  },
  {
    machines: words(
      'anacapa-bmc ast2500-evb ast2600-evb bletchley-bmc catalina-bmc fby35 fby35-bmc fp5280g2-bmc fuji-bmc g220a-bmc ' +
        'gb200nvl-bmc qcom-dc-scm-v1-bmc qcom-firework-bmc rainier-bmc romulus-bmc sonorapass-bmc supermicro-x11spi-bmc ' +
        'swift-bmc tacoma-bmc tiogapass-bmc witherspoon-bmc yosemitev2-bmc',
    ),
    when: 'always',
    pci: false,
    controllers: of(2, EHCI),
  },
  {
    machines: words('ast2700-evb ast2700a1-evb ast2700a2-evb ast2700fc'),
    when: 'always',
    pci: false,
    controllers: of(4, EHCI),
    since: [11, 0],
  },
  // allwinner-a10.c: before 8.0 it has USB only with `-usb` or `usb=on`
  {
    machines: ['cubieboard'],
    when: 'usb',
    pci: false,
    controllers: of(2, { ...EHCI, companions: served([0, 3]) }),
    before: [8, 0],
  },
  {
    machines: ['cubieboard'],
    when: 'always',
    pci: false,
    controllers: of(2, { ...EHCI, companions: served([0, 3]) }),
    since: [8, 0],
  },
  {
    machines: ['bpim2u'],
    when: 'always',
    pci: false,
    controllers: of(2, { ...EHCI, companions: served([0, 3]) }),
  },
  // allwinner-h3.c: its OHCIs are not companions
  {
    machines: ['orangepi-pc'],
    when: 'always',
    pci: false,
    controllers: [...of(4, { model: 'aw-h3-ehci-usb' }), ...of(4, { model: 'sysbus-ohci' })],
  },
  { machines: words('nuri smdkc210'), when: 'always', pci: false, controllers: [{ model: 'exynos4210-ehci-usb' }] },
  {
    machines: words('imx25-pdk mcimx6ul-evk xilinx-zynq-a9'),
    when: 'always',
    pci: false,
    controllers: of(2, CHIPIDEA),
  },
  { machines: ['mcimx7d-sabre'], when: 'always', pci: true, controllers: of(3, CHIPIDEA) },
  { machines: ['sabrelite'], when: 'always', pci: false, controllers: of(4, CHIPIDEA), before: [9, 0] },
  { machines: ['sabrelite'], when: 'always', pci: true, controllers: of(4, CHIPIDEA), since: [9, 0] },
  {
    machines: words('imx8mm-evk imx8mp-evk'),
    when: 'always',
    pci: true,
    controllers: of(2, { model: 'sysbus-xhci', p2: 1, p3: 1 }),
  },
  {
    machines: words('kudo-bmc mori-bmc npcm750-evb quanta-gbs-bmc quanta-gsj'),
    when: 'always',
    pci: false,
    controllers: [{ model: 'npcm7xx-ehci-usb', companions: served([0, 1]) }],
  },
  // npcm8xx.c: both OHCIs serve the first EHCI
  {
    machines: ['npcm845-evb'],
    when: 'always',
    pci: false,
    controllers: [{ model: 'npcm7xx-ehci-usb', companions: served([0, 1]) }, { model: 'npcm7xx-ehci-usb' }],
  },
  { machines: ['sbsa-ref'], when: 'always', pci: true, controllers: [EHCI], before: [8, 1] },
  { machines: ['sbsa-ref'], when: 'always', pci: true, controllers: [{ model: 'sysbus-xhci' }], since: [8, 1] },
  {
    machines: words('realview-eb realview-eb-mpcore versatileab versatilepb'),
    when: 'usb',
    pci: true,
    controllers: [{ model: 'pci-ohci' }],
  },
  {
    machines: ['xlnx-zcu102'],
    when: 'always',
    pci: false,
    controllers: of(2, { model: 'sysbus-xhci' }),
    since: [6, 0],
  },
  {
    machines: words('xlnx-versal-virt amd-versal-virt'),
    when: 'always',
    pci: false,
    controllers: [{ model: 'sysbus-xhci' }],
    since: [6, 0],
  },
  { machines: ['amd-versal2-virt'], when: 'always', pci: false, controllers: of(2, { model: 'sysbus-xhci' }) },
  // PowerPC and MIPS
  { machines: ['g3beige'], when: 'usb', pci: true, controllers: [{ model: 'pci-ohci' }] },
  { machines: words('fuloong2e pegasos2'), when: 'always', pci: true, controllers: of(2, VIA) },
  { machines: ['malta'], when: 'always', pci: true, controllers: [{ model: 'piix4-usb-uhci' }] },
];

/** The version in a machine's name does not change its USB: `pc-q35-7.2` counts as `q35`, `pc-i440fx-rhel7.6.0` as `pc`. */
function kindOf(machine: string): string {
  if (machine.startsWith('pc-q35-')) return 'q35';
  return machine.startsWith('pc-i440fx-') || /^pc-\d/.test(machine) ? 'pc' : machine;
}

/**
 * @param machine - its name, without options
 * @param version - of the QEMU that runs it; when left out, the newest that qplug knows
 * @returns the machine's row in the table; undefined for a machine that is not in it
 */
export function boardOf(machine: string, version?: QemuVersion): Board | undefined {
  const kind = kindOf(machine);
  return BOARDS.find(({ machines, since, before }) => {
    if (!machines.includes(kind)) return false;
    if (before !== undefined && (version === undefined || atLeast(version, ...before))) return false;
    return since === undefined || version === undefined || atLeast(version, ...since);
  });
}

/**
 * The controllers of a machine as QEMU makes them. They have no id; their buses are numbered in the order of creation.
 *
 * @param usb - whether USB is switched on, by `-usb` or `usb=on`
 */
export function predictBoard(board: Board | undefined, usb: boolean): Controller[] {
  if (board === undefined || (board.when === 'usb' && !usb)) return [];
  return board.controllers.flatMap(({ model, companions = [], ...properties }, i): Controller[] => {
    const facts = controllerModel(model);
    if (facts === undefined) return [];
    const ports = withCompanions(rootPorts(facts, properties), companions);
    const { slots } = facts;
    return [{ bus: `usb-bus.${i}`, id: undefined, model, qomPath: undefined, ports, slots, known: true, devices: [] }];
  });
}
