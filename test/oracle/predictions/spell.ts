import {
  controllerDevice,
  type DeviceSpec,
  deviceOption,
  emulatedDevice,
  emulatedModel,
  pcieRootPort,
  type QemuVersion,
  usbHost,
  usbHub,
} from '../../../src/qdev/index.js';
import type { Ask, OracleCase, Wish } from './case.js';
import { driverOf, rootPortId } from './predict.js';

/** What an emulated device needs beside a port, new for each: as a command of QMP and as options at launch. */
interface Backend {
  readonly property: string;
  readonly value: string;
  readonly command?: readonly [name: string, args: Readonly<Record<string, unknown>>];
  readonly options: readonly string[];
}

const AUDIO = 'snd';
const MEBIBYTE = 1 << 20;

function backendOf(driver: string, id: string): Backend | undefined {
  const name = `${id}-backend`;
  switch (driver) {
    case 'usb-storage': {
      const node = { driver: 'null-co', 'node-name': name, size: MEBIBYTE };
      const options = ['-blockdev', JSON.stringify(node)];
      return { property: 'drive', value: name, command: ['blockdev-add', node], options };
    }
    case 'usb-serial':
    case 'usb-braille': {
      // They attach while their chardev is open; the chardev null never is (chardev/char-null.c).
      const command = ['chardev-add', { id: name, backend: { type: 'file', data: { out: '/dev/null' } } }] as const;
      return { property: 'chardev', value: name, command, options: ['-chardev', `file,id=${name},path=/dev/null`] };
    }
    case 'usb-net': {
      const command = ['netdev_add', { type: 'hubport', id: name, hubid: 0 }] as const;
      return { property: 'netdev', value: name, command, options: ['-netdev', `hubport,id=${name},hubid=0`] };
    }
    case 'usb-audio':
      return { property: 'audiodev', value: AUDIO, options: [] };
    case 'usb-mtp':
      return { property: 'rootdir', value: '/', options: [] };
    default:
      return undefined;
  }
}

/** Whether a device that is plugged into a running machine attaches only when `attached` is set: usb-bot and usb-uas. */
export function attachesLate(wish: Wish): boolean {
  return emulatedModel(driverOf(wish))?.attaches === 'by-hand';
}

/** @returns a wish as a question to QEMU */
function specOf(wish: Wish, place: { id: string; bus: string; port: string }): DeviceSpec {
  switch (wish.kind) {
    case 'host':
      return usbHost({ ...place, hostbus: wish.bus, hostaddr: wish.address });
    case 'hub':
      return usbHub({ ...place, ports: wish.ports });
    case 'emulated': {
      const backend = backendOf(wish.driver, place.id);
      const properties = { ...wish.properties, ...(backend && { [backend.property]: backend.value }) };
      return emulatedDevice({ ...place, driver: wish.driver, properties });
    }
  }
}

/** @returns the requested device, and what must exist before */
export function spell(ask: Ask): { readonly spec: DeviceSpec; readonly backend: Backend | undefined } {
  if (ask.add === 'controller') return { spec: controllerDevice(ask.controller), backend: undefined };
  return { spec: specOf(ask.device, ask), backend: backendOf(driverOf(ask.device), ask.id) };
}

/**
 * @param asks - devices to add to the command line after the case's controllers, in this order
 * @returns the words of the command line that make the machine of a case
 */
export function machineArgs(
  { machine, board, rootPorts, controllers }: Pick<OracleCase, 'machine' | 'board' | 'rootPorts' | 'controllers'>,
  asks: readonly Ask[],
  version: QemuVersion,
): string[] {
  const ports = Array.from({ length: machine === 'q35' ? rootPorts : 0 }, (_, i) =>
    pcieRootPort({
      id: rootPortId(i + 1),
      bus: 'pcie.0',
      address: `${(0x18 + i).toString(16)}.0`,
      chassis: i + 1,
      slot: i + 1,
    }),
  );
  const spelled = asks.map(spell);
  const devices = [...ports, ...controllers.map(controllerDevice), ...spelled.map(({ spec }) => spec)];
  return [
    ...['-machine', `${machine}${board ? ',usb=on' : ''}`, '-audiodev', `none,id=${AUDIO}`],
    ...spelled.flatMap(({ backend }) => backend?.options ?? []),
    ...devices.flatMap((spec) => ['-device', deviceOption(spec, version)]),
  ];
}
