import type { UsbIds } from '../../names/index.js';
import type { HostAltSetting, HostConfiguration, HostEndpoint } from '../../usb-device.js';
import { controllerOfSerial } from '../controller-name.js';
import type { DescribedDevice } from '../described-device.js';
import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import {
  type ConfigurationSection,
  type EndpointSection,
  type LsusbDevice,
  LsusbReader,
  type LsusbValue,
  type Section,
  type SettingSection,
} from './lsusb-reader.js';
import { inferSpeed } from './lsusb-speed.js';
import type { TreeDevice } from './lsusb-tree.js';

const HUB_CLASS = 0x09;

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

/** The content of the output of lsusb -v. */
export interface LsusbContent {
  readonly devices: readonly DescribedDevice[];
  /** Names of vendors and products from the usb.ids of that host. */
  readonly ids: UsbIds;
  /** Whether the file also contains the output of `lsusb -t`. */
  readonly tree: boolean;
}

/**
 * Reads the output of `lsusb -v` (usbutils, lsusb.c), and that of `lsusb -t` if it comes before or after it. The headings decide what the
 * fields below them belong to. Unknown parts (class descriptors, hub status, …) are skipped.
 */
export function readLsusb(lines: Iterable<TextLine>, findings: FileFindings): LsusbContent {
  const reader = new LsusbReader(findings);
  for (const line of lines) reader.read(line);
  return new LsusbDescriber(findings).content(reader);
}

/** Describes the devices, and reports where their lines contradict each other. */
class LsusbDescriber {
  readonly #findings: FileFindings;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  content(reader: LsusbReader): LsusbContent {
    const [entries, tree] = [this.#distinct(reader.devices()), reader.tree.devices()];
    const vendors = new Map<number, string>();
    const products = new Map<string, string>();
    const roots = new Map<number, string | undefined>();
    for (const { bus, address, device, id } of entries) {
      const fields = device?.fields;
      const [vendor, product] = [wordsOf(fields?.get('idVendor')), wordsOf(fields?.get('idProduct'))];
      if (vendor) vendors.set(id[0], vendor);
      if (product) products.set(id.join(':'), product);
      if (address === 1) roots.set(bus, controllerOfSerial(stringOf(fields?.get('iSerial'))));
    }
    const placed = new Set<string>();
    const devices = entries.map((entry) => {
      const key = `${entry.bus}.${entry.address}`;
      // if two devices have one number, the tree can show only one of them
      const place = placed.has(key) ? undefined : tree.get(key);
      placed.add(key);
      return this.#described(entry, place, roots.get(entry.bus));
    });
    for (const [key, { line }] of tree) if (!placed.has(key)) this.#findings.line('tree-only', line);
    return {
      devices,
      ids: { vendor: (id) => vendors.get(id), product: (vendor, product) => products.get(`${vendor}:${product}`) },
      tree: tree.size > 0,
    };
  }

  /** The output of `lsusb` without -v may come before that of `lsusb -v`, and the whole output may occur twice. */
  #distinct(entries: readonly LsusbDevice[]): readonly LsusbDevice[] {
    const best = new Map<string, LsusbDevice>();
    for (const entry of entries) {
      const key = [entry.bus, entry.address, ...entry.id].join();
      const known = best.get(key);
      if (known?.device === undefined) best.set(key, entry);
      else if (entry.device !== undefined) this.#findings.line('twice', entry.line, { told: known.line.number });
    }
    return [...best.values()];
  }

  #described(entry: LsusbDevice, place: TreeDevice | undefined, controller: string | undefined): DescribedDevice {
    const { bus, address, id, device, line } = entry;
    const fields = device?.fields;
    const number = (name: string): number | undefined => fields?.get(name)?.number;
    this.#checkIdentity(entry);
    const configurations = entry.configurations.map((one) => this.#configurationOf(one, entry));
    if (device === undefined) {
      this.#findings.line('misplaced', line, { field: 'Device Descriptor behind it, or' });
      entry.partial = true;
    } else this.#checkCount('configuration-count', device, 'bNumConfigurations', configurations.length, entry);
    const known = place?.megabits ?? entry.megabits;
    const inferred =
      known === undefined
        ? inferSpeed({ packets: number('bMaxPacketSize0'), version: number('bcdUSB'), configurations })
        : undefined;
    const megabits = known ?? inferred;
    const deviceClass = number('bDeviceClass') ?? 0;
    // the first device on a bus is its root hub, if it is a hub at all
    const isRoot = address === 1 && (deviceClass === HUB_CLASS || device === undefined);
    return {
      line,
      bus,
      address,
      chain: isRoot ? [] : place?.chain,
      controller,
      vendorId: id[0],
      productId: id[1],
      manufacturer: stringOf(fields?.get('iManufacturer')),
      product: stringOf(fields?.get('iProduct')),
      serial: stringOf(fields?.get('iSerial')),
      class: deviceClass,
      megabits,
      speedIs: inferred === undefined ? undefined : 'inferred',
      configurations: configurations.map((one) => withStreams(one, megabits)),
      bound: place === undefined ? undefined : boundOf(place, configurations[0]),
      active: undefined,
      partial: entry.partial,
      findings: [],
    };
  }

  /** Compares the ids in the first line with those in the descriptor. */
  #checkIdentity({ id, device }: LsusbDevice): void {
    for (const [index, name] of ['idVendor', 'idProduct'].entries()) {
      const value = device?.fields.get(name);
      const hex = (one: number): string => one.toString(16).padStart(4, '0');
      if (value === undefined || value.number === id[index]) continue;
      this.#findings.line('identity', value.line, { told: hex(value.number), seen: hex(id[index] ?? 0) });
    }
  }

  #configurationOf(section: ConfigurationSection, entry: LsusbDevice): HostConfiguration {
    const interfaces = new Map<number, HostAltSetting[]>();
    for (const setting of section.settings) {
      const number = this.#need(setting, 'bInterfaceNumber', entry);
      const made = this.#settingOf(setting, entry);
      const known = interfaces.get(number);
      if (known === undefined) interfaces.set(number, [made]);
      else {
        if (known.some((one) => one.number === made.number)) {
          this.#findings.line('setting-twice', setting.line, { told: number, seen: made.number });
          entry.partial = true;
        }
        known.push(made);
      }
    }
    this.#checkCount('interface-count', section, 'bNumInterfaces', interfaces.size, entry);
    return {
      value: section.fields.get('bConfigurationValue')?.number ?? 0,
      interfaces: [...interfaces].map(([number, altSettings]) => ({ number, altSettings })),
    };
  }

  #settingOf(setting: SettingSection, entry: LsusbDevice): HostAltSetting {
    this.#checkCount('endpoint-count', setting, 'bNumEndpoints', setting.endpoints.length, entry);
    return {
      number: this.#need(setting, 'bAlternateSetting', entry),
      class: this.#need(setting, 'bInterfaceClass', entry),
      subclass: this.#need(setting, 'bInterfaceSubClass', entry),
      protocol: this.#need(setting, 'bInterfaceProtocol', entry),
      endpoints: setting.endpoints.map((one) => this.#endpointOf(one, entry)),
    };
  }

  #endpointOf(section: EndpointSection, entry: LsusbDevice): HostEndpoint {
    const type = TRANSFER_TYPES[(this.#need(section, 'bmAttributes', entry) & 3) as 0 | 1 | 2 | 3];
    const address = this.#need(section, 'bEndpointAddress', entry);
    const maxPacketSize = this.#need(section, 'wMaxPacketSize', entry);
    const burst = section.fields.get('bMaxBurst')?.number;
    const most = section.fields.get('MaxStreams')?.number;
    // lsusb writes MaxStreams only if there are any: 1 << (bmAttributes & 0x1f)
    const streams = burst === undefined ? undefined : most === undefined ? 0 : Math.max(1, Math.ceil(Math.log2(most)));
    const raw = section.companion?.[3];
    const attributes = raw === undefined ? streams : raw & 0x1f;
    return { address, type, maxPacketSize, streams: type === 'bulk' ? attributes : 0 };
  }

  /** A missing count is not 0: there is nothing to compare with. */
  #checkCount(
    problem: 'configuration-count' | 'interface-count' | 'endpoint-count',
    section: Section,
    field: string,
    seen: number,
    entry: LsusbDevice,
  ): void {
    const known = section.fields.has(field);
    const told = this.#need(section, field, entry);
    if (!known || told === seen) return;
    this.#findings.line(problem, section.line, { told, seen });
    entry.partial = true;
  }

  #need(section: Section, name: string, entry: LsusbDevice): number {
    const value = section.fields.get(name);
    if (value !== undefined) return value.number;
    // a count that is present but wrong already has a finding
    if (!entry.partial) this.#findings.line('field-missing', section.line, { field: name });
    entry.partial = true;
    return 0;
  }
}

/** @returns the string for an index; undefined if there is none, or if lsusb could not read it */
function stringOf(value: LsusbValue | undefined): string | undefined {
  return value === undefined || value.number === 0 ? undefined : wordsOf(value);
}

/** @returns the text after a number, without the words that lsusb prints for what it does not know (usbutils, lsusb.c and names.c) */
function wordsOf(value: LsusbValue | undefined): string | undefined {
  return value === undefined || ['', '(error)', '[unknown]'].includes(value.words) ? undefined : value.words;
}

/** Devices at lower speeds have no companions (USB 3.2, 9.6.7), so they have no streams. */
function withStreams(configuration: HostConfiguration, megabits: number | undefined): HostConfiguration {
  if (megabits === undefined || megabits > 480) return configuration;
  const { value, interfaces } = configuration;
  return {
    value,
    interfaces: interfaces.map(({ number, altSettings }) => ({
      number,
      altSettings: altSettings.map((setting) => ({
        ...setting,
        endpoints: setting.endpoints.map((endpoint) => ({ ...endpoint, streams: endpoint.streams ?? 0 })),
      })),
    })),
  };
}

/** The drivers come from the tree, the classes from the descriptors. */
function boundOf(place: TreeDevice, configuration: HostConfiguration | undefined): DescribedDevice['bound'] {
  return configuration?.interfaces.map(({ number, altSettings }) => ({
    number,
    class: altSettings[0]?.class ?? 0,
    driver: place.drivers.get(number),
  }));
}
