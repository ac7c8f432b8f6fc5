import type { VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import { busOf, type ControllerSpec, controllerModel, emulatedModel } from '../../qdev/index.js';
import {
  type GivenOption,
  machineModel,
  ownIds,
  ownNodes,
  parseProperties,
  parseQemuArgs,
  rootSlot,
  usedSlots,
} from '../command-line/index.js';

/** Options with a key in the VM file, and the entry to write instead. */
const MODELLED: Readonly<Record<string, (value: string) => string>> = {
  machine: (value) => `machine: ${value}`,
  M: (value) => `machine: ${value}`,
  accel: (value) => `accel: [${value}]`,
  'enable-kvm': () => 'accel: [kvm]',
  m: (value) => `memory: ${value}`,
  smp: (value) => `cpus: ${value}`,
  name: (value) => `name: ${value}`,
  runas: (value) => `qemu: { user: ${value} }`,
};

/** Options that would take control of the process away from qplug. */
const OURS: Readonly<Record<string, string>> = {
  daemonize: 'qplug watches the process that it starts; `qplug run --detach` leaves it running',
  pidfile: 'qplug keeps the process id itself; `qplug status` shows it',
};

/**
 * Finds conflicts between `qemu.args` and qplug's own options. Accepts `-S`, `-usb`, further monitors and displays.
 *
 * @param controllers - the VM's controllers at its start
 */
export function checkArgs(vm: VmFile, controllers: readonly ControllerSpec[]): Finding[] {
  const context: Context = {
    vm,
    ids: ownIds(vm, controllers),
    nodes: ownNodes(vm),
    buses: new Set([...controllers.map(({ id }) => busOf(id))]),
    slots: machineModel(vm.machine).pciBus === undefined ? new Map() : usedSlots(vm, controllers),
  };
  return parseQemuArgs(vm.qemu.args).flatMap((option) => checkOption(option, context));
}

interface Context {
  readonly vm: VmFile;
  readonly ids: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
  readonly buses: ReadonlySet<string>;
  readonly slots: ReadonlyMap<number, string>;
}

function checkOption(option: GivenOption, context: Context): Finding[] {
  const { flag, value = '', index } = option;
  if (flag === undefined) return [];
  const location = context.vm.locate(['qemu', 'args', index]);
  const shown = `-${flag}${option.value === undefined ? '' : ` ${value}`}`;
  const write = Object.hasOwn(MODELLED, flag) ? MODELLED[flag] : undefined;
  if (write !== undefined) return [finding('args-modelled', { option: shown, write: write(value) }, { location })];
  const reason = Object.hasOwn(OURS, flag) ? OURS[flag] : undefined;
  if (reason !== undefined) return [finding('args-not-ours', { option: shown, reason }, { location })];
  if (flag === 'usbdevice')
    return [finding('args-usb-device', { option: shown, write: legacyDevice(value) }, { location })];
  if (flag === 'device') return checkDevice(shown, parseProperties(value, 'driver'), index, context);
  const node = nodeName(flag, value);
  if (node === undefined || !context.nodes.has(node)) return [];
  return [finding('args-id-taken', { id: node }, { location })];
}

function checkDevice(option: string, given: ReadonlyMap<string, string>, index: number, context: Context): Finding[] {
  const location = context.vm.locate(['qemu', 'args', index + 1]);
  const driver = given.get('driver') ?? '';
  if (controllerModel(driver) !== undefined) {
    return [finding('args-usb-controller', { option, write: controllerEntry(driver, given) }, { location })];
  }
  const bus = given.get('bus') ?? '';
  if (driver.startsWith('usb-') || emulatedModel(driver) !== undefined || context.buses.has(bus)) {
    return [finding('args-usb-device', { option, write: deviceEntry(driver, given) }, { location })];
  }
  const findings: Finding[] = [];
  const id = given.get('id');
  if (id !== undefined && context.ids.has(id)) findings.push(finding('args-id-taken', { id }, { location }));
  if (bus.startsWith('qplug-')) findings.push(finding('args-bus-reserved', { option, bus }, { location }));
  const slot = rootSlot(given);
  const holder = slot === undefined ? undefined : context.slots.get(slot);
  if (slot !== undefined && holder !== undefined) {
    findings.push(finding('args-slot-taken', { option, slot: `0x${slot.toString(16)}`, holder }, { location }));
  }
  return findings;
}

function controllerEntry(model: string, given: ReadonlyMap<string, string>): string {
  const parts = [
    ['id', given.get('id')],
    ['model', model],
    ['p2', given.get('p2')],
    ['p3', given.get('p3')],
    ['ports', given.get('num-ports')],
  ];
  return flow(parts);
}

function deviceEntry(driver: string, given: ReadonlyMap<string, string>): string | undefined {
  const pin = [
    ['controller', given.get('bus')?.replace(/\.0$/, '')],
    ['port', given.get('port')],
  ];
  if (driver === 'usb-hub') return flow([['id', given.get('id')], ...pin, ['ports', given.get('ports')]]);
  if (driver === 'usb-host') {
    const select = hostSelector(given);
    return select === undefined ? undefined : flow([['select', select], ...pin]);
  }
  if (emulatedModel(driver)?.launchable !== true) return undefined;
  const drive = given.has('drive') ? '{ file: IMAGE }' : undefined;
  return flow([['emulated', driver], ['id', given.get('id')], ['drive', drive], ...pin]);
}

/** @returns a selector for the device of a `-device usb-host`; undefined if it names no single device */
function hostSelector(given: ReadonlyMap<string, string>): string | undefined {
  const hex = (key: string): string | undefined => {
    const number = Number(given.get(key));
    return number > 0 ? number.toString(16).padStart(4, '0') : undefined;
  };
  const [vendor, product] = [hex('vendorid'), hex('productid')];
  if (vendor !== undefined && product !== undefined) return `${vendor}:${product}`;
  const bus = given.get('hostbus');
  if (bus === undefined) return undefined;
  if (given.has('hostport')) return `${bus}-${given.get('hostport')}`;
  return given.has('hostaddr') ? `'@${bus}.${given.get('hostaddr')}'` : undefined;
}

/** One entry in YAML's flow style. */
function flow(parts: readonly (readonly (string | undefined)[])[]): string {
  const known = parts.filter(([, value]) => value !== undefined);
  return `- { ${known.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
}

/** The devices that `-usbdevice` still accepts (hw/usb/bus.c, usbdevice_create; docs/about/removed-features.rst). */
function legacyDevice(name: string): string | undefined {
  const drivers: Readonly<Record<string, string>> = {
    tablet: 'usb-tablet',
    mouse: 'usb-mouse',
    keyboard: 'usb-kbd',
    braille: 'usb-braille',
    'wacom-tablet': 'usb-wacom-tablet',
  };
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  return driver === undefined ? undefined : flow([['emulated', driver]]);
}

/** The block node name that an option creates: ids of `-drive` and node names share one namespace (block.c). */
function nodeName(flag: string, value: string): string | undefined {
  if (flag === 'blockdev') return parseProperties(value, 'driver').get('node-name');
  return flag === 'drive' ? parseProperties(value, 'file').get('id') : undefined;
}
