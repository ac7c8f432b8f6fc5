import type { HostAltSetting, HostConfiguration, HostEndpoint } from '../usb-device.js';
import type { UsbIds } from '../usb-ids.js';
import { controllerOfSerial } from './controller-name.js';
import type { DescribedDevice } from './described-device.js';
import type { FileFindings, TextLine } from './file-findings.js';
import { inferSpeed, speedFinding } from './lsusb-speed.js';
import { isTreeLine, LsusbTree, type TreeDevice } from './lsusb-tree.js';

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

/** What stands under one heading: its fields, by name. */
interface Section {
  readonly line: TextLine;
  readonly fields: Map<string, Value>;
}

interface Value {
  readonly line: TextLine;
  readonly number: number;
  /** What stands behind the number. */
  readonly words: string;
}

interface EndpointSection extends Section {
  /** A SuperSpeed companion that an old lsusb shows as bytes. */
  companion: readonly number[] | undefined;
}

interface SettingSection extends Section {
  readonly endpoints: EndpointSection[];
}

interface ConfigurationSection extends Section {
  readonly settings: SettingSection[];
}

interface Entry extends Section {
  readonly bus: number;
  readonly address: number;
  readonly id: readonly [vendorId: number, productId: number];
  readonly configurations: ConfigurationSection[];
  device: Section | undefined;
  /** Mb/s; lsusb tells it from 016 on. */
  megabits: number | undefined;
  partial: boolean;
}

/** What lsusb -v told. */
export interface LsusbContent {
  readonly devices: readonly DescribedDevice[];
  /** Names of vendors and products, as the usb.ids of that host has them. */
  readonly ids: UsbIds;
  /** Whether `lsusb -t` stood there too. */
  readonly tree: boolean;
}

/**
 * Reads the output of `lsusb -v` (usbutils, lsusb.c), with that of `lsusb -t` before or behind it where it is there. The headings
 * say what the fields below them belong to, and fields are indented by two more than their heading; whatever is not known (class
 * descriptors, hub status, …) is passed over.
 */
export function readLsusb(lines: Iterable<TextLine>, findings: FileFindings): LsusbContent {
  const reader = new LsusbReader(findings);
  for (const line of lines) reader.read(line);
  return reader.content();
}

interface Open {
  readonly indent: number;
  readonly section: Section | undefined;
}

class LsusbReader {
  readonly #findings: FileFindings;
  readonly #tree: LsusbTree;
  /** By bus and number. */
  readonly #entries = new Map<string, Entry>();
  /** The headings that are open, each further in than the one before. */
  #open: Open[] = [];
  #entry: Entry | undefined;
  #configuration: ConfigurationSection | undefined;
  #setting: SettingSection | undefined;
  #endpoint: EndpointSection | undefined;

  constructor(findings: FileFindings) {
    this.#findings = findings;
    this.#tree = new LsusbTree(findings);
  }

  read(line: TextLine): void {
    const { text } = line;
    if (isTreeLine(text)) {
      this.#tree.read(line);
      return;
    }
    const bus = /^\s*Bus (\d{1,4}) Device (\d{1,3}): ID ([0-9a-f]{4}):([0-9a-f]{4})(?:\s|$)/i.exec(text);
    if (bus !== null) this.#begin(line, bus);
    else if (/^\s*Bus \d/.test(text)) {
      this.#findings.line('unknown-line', line);
      this.#entry = undefined;
    } else if (this.#entry !== undefined) this.#inside(line, this.#entry);
  }

  #inside(line: TextLine, entry: Entry): void {
    const { text } = line;
    const speed = /^\s*Negotiated speed:.*\((\d+(?:\.\d+)?)([MG])bps\)/.exec(text);
    if (speed !== null) entry.megabits = Number(speed[1]) * (speed[2] === 'G' ? 1000 : 1);
    const indent = text.search(/\S/);
    if (indent < 0) return;
    const heading = /^\s*([A-Z][A-Za-z0-9 /()-]*):\s*$/.exec(text)?.[1];
    if (heading !== undefined) this.#head(line, indent, heading);
    else this.#field(line, indent);
  }

  #begin(line: TextLine, [, bus, address, vendor = '', product = '']: RegExpExecArray): void {
    this.#open = [];
    this.#configuration = undefined;
    this.#setting = undefined;
    this.#endpoint = undefined;
    this.#entry = undefined;
    const place = { bus: Number(bus), address: Number(address) };
    if (place.address < 1 || place.address > 127) {
      this.#findings.line('field-range', line, { field: 'Device', told: 1, seen: 127 });
      return;
    }
    const key = `${place.bus}.${place.address}`;
    const twin = this.#entries.get(key);
    if (twin !== undefined) {
      this.#findings.line('twice', line, { told: twin.line.number });
      return;
    }
    this.#entry = {
      line,
      ...place,
      id: [Number.parseInt(vendor, 16), Number.parseInt(product, 16)],
      fields: new Map(),
      configurations: [],
      device: undefined,
      megabits: undefined,
      partial: false,
    };
    this.#entries.set(key, this.#entry);
  }

  #head(line: TextLine, indent: number, heading: string): void {
    this.#open = this.#open.filter((one) => one.indent < indent);
    this.#open.push({ indent, section: this.#sectionOf(line, heading) });
  }

  /** @returns the section that a heading begins; undefined for one that is of no interest */
  #sectionOf(line: TextLine, heading: string): Section | undefined {
    const entry = this.#entry;
    if (entry === undefined) return undefined;
    const section = { line, fields: new Map<string, Value>() };
    switch (heading) {
      case 'Device Descriptor':
        entry.device = section;
        return section;
      case 'Configuration Descriptor':
        this.#setting = undefined;
        this.#endpoint = undefined;
        this.#configuration = { ...section, settings: [] };
        entry.configurations.push(this.#configuration);
        return this.#configuration;
      case 'Interface Descriptor':
        this.#endpoint = undefined;
        this.#setting = { ...section, endpoints: [] };
        return this.#add(this.#setting, this.#configuration?.settings, line, 'Configuration Descriptor');
      case 'Endpoint Descriptor':
        this.#endpoint = { ...section, companion: undefined };
        return this.#add(this.#endpoint, this.#setting?.endpoints, line, 'Interface Descriptor');
      default:
        return undefined;
    }
  }

  #add<T>(section: T, to: T[] | undefined, line: TextLine, above: string): T | undefined {
    if (to !== undefined) {
      to.push(section);
      return section;
    }
    this.#findings.line('misplaced', line, { field: above });
    if (this.#entry !== undefined) this.#entry.partial = true;
    return undefined;
  }

  #field(line: TextLine, indent: number): void {
    const section = this.#open.findLast((one) => one.indent < indent);
    if (section?.section === undefined || section.indent !== indent - 2) return;
    const raw = /^\s*\*\* UNRECOGNIZED:((?:\s+[0-9a-f]{2})+)\s*$/i.exec(line.text);
    if (raw !== null && section.section === this.#endpoint) {
      const bytes = (raw[1] ?? '')
        .trim()
        .split(/\s+/)
        .map((one) => Number.parseInt(one, 16));
      if (bytes[1] === 0x30 && bytes.length >= 6) this.#endpoint.companion = bytes;
      return;
    }
    const [, name, value, words = ''] = /^\s*([A-Za-z]\w*)\s+(\S+)(?:\s(.*))?$/.exec(line.text) ?? [];
    if (name === undefined || value === undefined || !KNOWN.has(name)) return;
    const form = name === 'bcdUSB' ? /^[0-9a-f]{1,2}\.\d{2}$/ : /^(0x[0-9a-f]{1,4}|\d{1,6})$/i;
    const number = form.test(value) ? (name === 'bcdUSB' ? Number.parseFloat(value) : Number(value)) : undefined;
    const most = KNOWN.get(name) ?? 0;
    if (number === undefined || number > most) {
      const column = 1 + line.text.indexOf(value, line.text.indexOf(name) + name.length);
      if (number === undefined) this.#findings.line('field-value', line, { field: name, column });
      else this.#findings.line('field-range', line, { field: name, told: 0, seen: most, column });
      if (this.#entry !== undefined) this.#entry.partial = true;
      return;
    }
    section.section.fields.set(name, { line, number, words: words.trim() });
  }

  content(): LsusbContent {
    const tree = this.#tree.devices();
    const vendors = new Map<number, string>();
    const products = new Map<string, string>();
    const roots = new Map<number, string | undefined>();
    for (const { bus, address, device, id } of this.#entries.values()) {
      const fields = device?.fields;
      const [vendor, product] = [fields?.get('idVendor')?.words, fields?.get('idProduct')?.words];
      if (vendor) vendors.set(id[0], vendor);
      if (product) products.set(id.join(':'), product);
      if (address === 1) roots.set(bus, controllerOfSerial(stringOf(fields?.get('iSerial'))));
    }
    const devices = [...this.#entries.values()].map((entry) => this.#described(entry, tree, roots.get(entry.bus)));
    for (const [key, { line }] of tree) if (!this.#entries.has(key)) this.#findings.line('tree-only', line);
    return {
      devices,
      ids: { vendor: (id) => vendors.get(id), product: (vendor, product) => products.get(`${vendor}:${product}`) },
      tree: tree.size > 0,
    };
  }

  #described(entry: Entry, tree: ReadonlyMap<string, TreeDevice>, controller: string | undefined): DescribedDevice {
    const { bus, address, id, device, line } = entry;
    const fields = device?.fields;
    const number = (name: string): number | undefined => fields?.get(name)?.number;
    this.#checkIdentity(entry);
    const configurations = entry.configurations.map((one) => this.#configurationOf(one, entry));
    const told = number('bNumConfigurations');
    if (device === undefined) {
      this.#findings.line('misplaced', line, { field: 'Device Descriptor behind it, or' });
      entry.partial = true;
    } else if (told !== configurations.length) {
      this.#findings.line('configuration-count', device.line, { told: told ?? 0, seen: configurations.length });
      entry.partial = true;
    }
    const place = tree.get(`${bus}.${address}`);
    const known = place?.megabits ?? entry.megabits;
    const inferred =
      known === undefined
        ? inferSpeed({ packets: number('bMaxPacketSize0'), version: number('bcdUSB') ?? 2, configurations })
        : undefined;
    const megabits = known ?? inferred?.megabits;
    // a root hub is asked for nothing
    const open = known === undefined && address !== 1;
    return {
      bus,
      address,
      chain: address === 1 ? [] : place?.chain,
      controller,
      vendorId: id[0],
      productId: id[1],
      manufacturer: stringOf(fields?.get('iManufacturer')),
      product: stringOf(fields?.get('iProduct')),
      serial: stringOf(fields?.get('iSerial')),
      class: number('bDeviceClass') ?? 0,
      megabits,
      configurations: configurations.map((one) => withStreams(one, megabits)),
      bound: place === undefined ? undefined : boundOf(place, configurations[0]),
      active: undefined,
      partial: entry.partial,
      findings: open ? [speedFinding(entry, inferred)] : [],
    };
  }

  /** The first line and the descriptor both tell who it is. */
  #checkIdentity({ id, device }: Entry): void {
    for (const [index, name] of ['idVendor', 'idProduct'].entries()) {
      const value = device?.fields.get(name);
      const hex = (one: number): string => one.toString(16).padStart(4, '0');
      if (value === undefined || value.number === id[index]) continue;
      this.#findings.line('identity', value.line, { told: hex(value.number), seen: hex(id[index] ?? 0) });
    }
  }

  #configurationOf({ line, fields, settings }: ConfigurationSection, entry: Entry): HostConfiguration {
    const interfaces = new Map<number, HostAltSetting[]>();
    for (const setting of settings) {
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
    const told = fields.get('bNumInterfaces')?.number ?? 0;
    if (told !== interfaces.size) {
      this.#findings.line('interface-count', line, { told, seen: interfaces.size });
      entry.partial = true;
    }
    return {
      value: fields.get('bConfigurationValue')?.number ?? 0,
      interfaces: [...interfaces].map(([number, altSettings]) => ({ number, altSettings })),
    };
  }

  #settingOf(setting: SettingSection, entry: Entry): HostAltSetting {
    const told = this.#need(setting, 'bNumEndpoints', entry);
    const seen = setting.endpoints.length;
    if (told !== seen) {
      this.#findings.line('endpoint-count', setting.line, { told, seen });
      entry.partial = true;
    }
    return {
      number: this.#need(setting, 'bAlternateSetting', entry),
      class: this.#need(setting, 'bInterfaceClass', entry),
      subclass: this.#need(setting, 'bInterfaceSubClass', entry),
      protocol: this.#need(setting, 'bInterfaceProtocol', entry),
      endpoints: setting.endpoints.map((one) => this.#endpointOf(one, entry)),
    };
  }

  #endpointOf(section: EndpointSection, entry: Entry): HostEndpoint {
    const type = TRANSFER_TYPES[(this.#need(section, 'bmAttributes', entry) & 3) as 0 | 1 | 2 | 3];
    const address = this.#need(section, 'bEndpointAddress', entry);
    const maxPacketSize = this.#need(section, 'wMaxPacketSize', entry);
    const burst = section.fields.get('bMaxBurst')?.number;
    const most = section.fields.get('MaxStreams')?.number;
    // lsusb writes MaxStreams only where there are some: 1 << (bmAttributes & 0x1f)
    const streams = burst === undefined ? undefined : most === undefined ? 0 : Math.max(1, Math.ceil(Math.log2(most)));
    const raw = section.companion?.[3];
    const attributes = raw === undefined ? streams : raw & 0x1f;
    return { address, type, maxPacketSize, streams: type === 'bulk' ? attributes : 0 };
  }

  #need(section: Section, name: string, entry: Entry): number {
    const value = section.fields.get(name);
    if (value !== undefined) return value.number;
    // one that is there and wrong was told already
    if (!entry.partial) this.#findings.line('field-missing', section.line, { field: name });
    entry.partial = true;
    return 0;
  }
}

/** The fields that are read, and the largest value of each. */
const KNOWN: ReadonlyMap<string, number> = new Map([
  ['bcdUSB', 99],
  ['bDeviceClass', 0xff],
  ['bMaxPacketSize0', 0xff],
  ['idVendor', 0xffff],
  ['idProduct', 0xffff],
  ['iManufacturer', 0xff],
  ['iProduct', 0xff],
  ['iSerial', 0xff],
  ['bNumConfigurations', 0xff],
  ['bNumInterfaces', 0xff],
  ['bConfigurationValue', 0xff],
  ['bInterfaceNumber', 0xff],
  ['bAlternateSetting', 0xff],
  ['bNumEndpoints', 0xff],
  ['bInterfaceClass', 0xff],
  ['bInterfaceSubClass', 0xff],
  ['bInterfaceProtocol', 0xff],
  ['bEndpointAddress', 0xff],
  ['bmAttributes', 0xff],
  ['wMaxPacketSize', 0xffff],
  ['bMaxBurst', 0xff],
  ['MaxStreams', 0xffff],
]);

/** @returns the string behind an index; undefined where there is none, or lsusb could not read it */
function stringOf(value: Value | undefined): string | undefined {
  if (value === undefined || value.number === 0 || value.words === '' || value.words === '(error)') return undefined;
  return value.words;
}

/** Slower devices have no companions (USB 3.2, 9.6.7), so no streams. */
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

/** The tree tells the drivers, the descriptors the classes. */
function boundOf(place: TreeDevice, configuration: HostConfiguration | undefined): DescribedDevice['bound'] {
  return configuration?.interfaces.map(({ number, altSettings }) => ({
    number,
    class: altSettings[0]?.class ?? 0,
    driver: place.drivers.get(number),
  }));
}
