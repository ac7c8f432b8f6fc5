import type { FileFindings, TextLine } from './file-findings.js';
import { isTreeLine, LsusbTree } from './lsusb-tree.js';

/** What stands under one heading: its fields, by name. */
export interface Section {
  readonly line: TextLine;
  readonly fields: Map<string, Value>;
}

/** A field. */
export interface Value {
  readonly line: TextLine;
  readonly number: number;
  /** What stands behind the number. */
  readonly words: string;
}

/** An Endpoint Descriptor. */
export interface EndpointSection extends Section {
  /** A SuperSpeed companion that an old lsusb shows as bytes. */
  companion: readonly number[] | undefined;
}

/** An Interface Descriptor. */
export interface SettingSection extends Section {
  readonly endpoints: EndpointSection[];
}

/** A Configuration Descriptor. */
export interface ConfigurationSection extends Section {
  readonly settings: SettingSection[];
}

/** A device as lsusb shows it. */
export interface LsusbDevice extends Section {
  readonly bus: number;
  readonly address: number;
  readonly id: readonly [vendorId: number, productId: number];
  readonly configurations: ConfigurationSection[];
  device: Section | undefined;
  /** Mb/s; lsusb tells it from 016 on. */
  megabits: number | undefined;
  partial: boolean;
}

interface Open {
  readonly indent: number;
  readonly section: Section | undefined;
}

/** Puts the lines of lsusb -v together to devices. */
export class LsusbReader {
  readonly #findings: FileFindings;
  /** What `lsusb -t` said. */
  readonly tree: LsusbTree;
  /** By bus and number. */
  readonly #entries = new Map<string, LsusbDevice>();
  /** The headings that are open, each further in than the one before. */
  #open: Open[] = [];
  #entry: LsusbDevice | undefined;
  #configuration: ConfigurationSection | undefined;
  #setting: SettingSection | undefined;
  #endpoint: EndpointSection | undefined;

  constructor(findings: FileFindings) {
    this.#findings = findings;
    this.tree = new LsusbTree(findings);
  }

  read(line: TextLine): void {
    const { text } = line;
    if (isTreeLine(text)) {
      this.tree.read(line);
      return;
    }
    const bus = /^\s*Bus (\d{1,4}) Device (\d{1,3}): ID ([0-9a-f]{4}):([0-9a-f]{4})(?:\s|$)/i.exec(text);
    if (bus !== null) this.#begin(line, bus);
    else if (/^\s*Bus \d/.test(text)) {
      this.#findings.line('unknown-line', line);
      this.#entry = undefined;
    } else if (this.#entry !== undefined) this.#inside(line, this.#entry);
  }

  #inside(line: TextLine, entry: LsusbDevice): void {
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

  /** @returns by `BUS.DEVICE`, in the order of the file */
  devices(): ReadonlyMap<string, LsusbDevice> {
    return this.#entries;
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
