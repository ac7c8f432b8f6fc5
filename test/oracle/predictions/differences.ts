import {
  type ControllerSpec,
  emptyTopology,
  hostDeviceSpeeds,
  megabits,
  negotiate,
  predictControllers,
  type QemuVersion,
  refusesController,
  spellsDevicesAsJson,
} from '../../../src/qdev/index.js';
import { OracleQemu, type StandInDevice } from '../harness/oracle-qemu.js';
import { classOf } from './classify.js';

/** Something in which releases of QEMU differ. */
export interface ReleaseDifference {
  /** The name of the test, and of the line in docs/fidelity.md. */
  readonly what: string;
  /** What each release does. */
  readonly seen: Readonly<Record<string, string>>;
  /** What qplug predicts; undefined if it avoids the difference instead. */
  readonly predicted?: (version: QemuVersion) => string;
  /** Why it does not matter to qplug, if qplug predicts nothing. */
  readonly avoided?: string;
  readonly ask: (release: string) => Promise<string>;
}

type Setting = StandInDevice['configurations'][number]['interfaces'][number]['altSettings'][number];

const bulk = (streams = 0) => ({ address: 0x81, type: 'bulk', maxPacketSize: 1024, streams }) as const;
const setting = (kind: readonly [number, number, number], ...endpoints: Setting['endpoints']): Setting => ({
  class: kind[0],
  subclass: kind[1],
  protocol: kind[2],
  endpoints,
});
const device = (speed: StandInDevice['speed'], ...altSettings: Setting[]): StandInDevice => ({
  bus: 1,
  address: 2,
  port: '1',
  speed,
  vendorId: 0x1209,
  productId: 1,
  configurations: [{ interfaces: [{ altSettings }] }],
});

const FAST = device('super-plus', setting([255, 0, 0], bulk()));
const UAS_DISK = device('super', setting([8, 6, 0x50], bulk()), setting([8, 6, 0x62], bulk(4)));

/** Port 1 takes all speeds, port 2 all but SuperSpeed. */
const XHCI = ['-machine', 'pc', '-device', 'qemu-xhci,id=x,p2=2,p3=1'];

/** The speed at which a host device attaches, in Mb/s, or the refusal. */
async function speedOf(release: string, host: StandInDevice, port: string): Promise<string> {
  await using qemu = await OracleQemu.start({ release, args: XHCI, host: [host] });
  const { bus: hostbus, address: hostaddr } = host;
  const reply = await qemu.ask('device_add', { driver: 'usb-host', id: 'd', bus: 'x.0', port, hostbus, hostaddr });
  if ('error' in reply) return 'refused';
  const { controllers } = await qemu.observe();
  return `${controllers[0]?.devices[0]?.megabits} Mb/s`;
}

function predictedSpeed(host: StandInDevice, figure: number, port: number, version: QemuVersion): string {
  const speeds = hostDeviceSpeeds({ megabits: figure, configurations: host.configurations }, version);
  const [controller] = predictControllers([{ id: 'x', model: 'qemu-xhci', p2: 2, p3: 1 }]);
  if ('unsupported' in speeds) return 'refused';
  const speed = negotiate(speeds.mask, controller?.ports[port - 1]?.mask ?? 0);
  return speed === undefined ? 'refused' : `${megabits(speed)} Mb/s`;
}

const NOT_PLUGGABLE: ControllerSpec = { id: 'c', model: 'pci-ohci', pciBus: 'nowhere' };

/** @returns whether QEMU takes a command */
async function answer(qemu: OracleQemu, command: string, args: Readonly<Record<string, unknown>>): Promise<string> {
  const reply = await qemu.ask(command, args);
  return 'error' in reply ? 'refused' : 'taken';
}

const REFUSED_BEFORE_6 = { '5.2': 'refused', '7.2': '5000 Mb/s', '10.0': '5000 Mb/s', '11.1': '5000 Mb/s' };
const STRICT_SINCE_9_2 = { '5.2': 'taken', '7.2': 'taken', '10.0': 'refused', '11.1': 'refused' };

export const DIFFERENCES: readonly ReleaseDifference[] = [
  {
    what: 'a 10 Gb/s device on a SuperSpeed port',
    seen: REFUSED_BEFORE_6,
    predicted: (version) => predictedSpeed(FAST, 10_000, 1, version),
    ask: (release) => speedOf(release, FAST, '1'),
  },
  {
    what: 'a SuperSpeed UAS disk on a USB 2 port',
    seen: { '5.2': 'refused', '7.2': '480 Mb/s', '10.0': '480 Mb/s', '11.1': '480 Mb/s' },
    predicted: (version) => predictedSpeed(UAS_DISK, 5000, 2, version),
    ask: (release) => speedOf(release, UAS_DISK, '2'),
  },
  {
    what: 'why a controller that cannot be plugged is refused on a bus that is not there',
    seen: {
      '5.2': 'not-hot-pluggable',
      '7.2': 'not-hot-pluggable',
      '10.0': 'no-hotplug-slot',
      '11.1': 'no-hotplug-slot',
    },
    predicted: (version) => refusesController(emptyTopology(version), NOT_PLUGGABLE) ?? 'taken',
    ask: async (release) => {
      await using qemu = await OracleQemu.start({ release, args: XHCI });
      const reply = await qemu.ask('device_add', { driver: 'pci-ohci', id: 'c', bus: 'nowhere' });
      return 'error' in reply ? classOf(reply.error.desc, 'controller') : 'taken';
    },
  },
  {
    what: 'a device spelled as JSON on the command line',
    seen: { '5.2': 'refused', '7.2': 'taken', '10.0': 'taken', '11.1': 'taken' },
    predicted: (version) => (spellsDevicesAsJson(version) ? 'taken' : 'refused'),
    ask: async (release) => {
      const args = [...XHCI, '-device', '{"driver":"usb-ehci","id":"e"}'];
      try {
        await using _ = await OracleQemu.start({ release, args });
        return 'taken';
      } catch {
        return 'refused';
      }
    },
  },
  {
    what: 'a port given as a number',
    seen: STRICT_SINCE_9_2,
    avoided: 'ports are always given as text',
    ask: async (release) => {
      await using qemu = await OracleQemu.start({ release, args: XHCI });
      return await answer(qemu, 'device_add', { driver: 'usb-tablet', id: 'd', bus: 'x.0', port: 1 });
    },
  },
  {
    what: 'an id that begins with a digit',
    seen: { '5.2': 'refused', '7.2': 'refused', '10.0': 'taken', '11.1': 'refused' },
    avoided: 'every id begins with a letter',
    ask: async (release) => {
      await using qemu = await OracleQemu.start({ release, args: XHCI });
      return await answer(qemu, 'device_add', { driver: 'usb-tablet', id: '1d', bus: 'x.0', port: '1' });
    },
  },
  {
    what: 'an id again, right after its device was unplugged',
    seen: { '5.2': 'refused', '7.2': 'taken', '10.0': 'taken', '11.1': 'taken' },
    avoided: 'DEVICE_DELETED is waited for',
    ask: async (release) => {
      await using qemu = await OracleQemu.start({ release, args: XHCI });
      const tablet = { driver: 'usb-tablet', id: 'd', bus: 'x.0', port: '1' };
      const [, , again] = await Promise.all([
        answer(qemu, 'device_add', tablet),
        answer(qemu, 'device_del', { id: 'd' }),
        answer(qemu, 'device_add', tablet),
      ]);
      return again;
    },
  },
  {
    what: 'two devices with one id: the id, or a bus that is not there',
    seen: { '5.2': 'id-in-use', '7.2': 'no-such-bus', '10.0': 'no-such-bus', '11.1': 'no-such-bus' },
    avoided: 'ids are never given twice',
    ask: async (release) => {
      await using qemu = await OracleQemu.start({ release, args: XHCI });
      const reply = await qemu.ask('device_add', { driver: 'usb-tablet', id: 'x', bus: 'nowhere', port: '1' });
      return 'error' in reply ? classOf(reply.error.desc, 'device') : 'taken';
    },
  },
  {
    what: 'a second controller behind a root port that is in use',
    seen: { '5.2': 'taken', '7.2': 'taken', '10.0': 'refused', '11.1': 'refused' },
    avoided: 'a root port that is in use is no slot to qplug',
    ask: async (release) => {
      const port = 'pcie-root-port,id=rp,chassis=1,slot=1';
      await using qemu = await OracleQemu.start({ release, args: ['-machine', 'q35', '-device', port] });
      await answer(qemu, 'device_add', { driver: 'qemu-xhci', id: 'a', bus: 'rp' });
      return await answer(qemu, 'device_add', { driver: 'qemu-xhci', id: 'b', bus: 'rp' });
    },
  },
];

/** The lines of docs/fidelity.md's second table. */
export function differencesTable(releases: readonly string[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['What', ...releases.map((name) => `QEMU ${name}`), 'qplug']),
    row(releases.map(() => '---').concat(['---', '---'])),
    ...DIFFERENCES.map(({ what, seen, avoided }) =>
      row([what, ...releases.map((name) => seen[name] ?? ''), avoided ?? 'predicts it']),
    ),
  ].join('\n');
}
