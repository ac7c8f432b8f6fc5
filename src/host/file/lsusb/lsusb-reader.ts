import type { FileFindings } from '../file-findings.js';
import { toldSpeed } from '../parse-speed.js';
import type { TextLine } from '../text-line.js';
import { isTreeLine, LsusbTree } from './lsusb-tree.js';

/** The content below one heading: its fields, by name. */
export interface Section {
  readonly kind: 'device' | 'configuration' | 'interface' | 'endpoint';
  readonly line: TextLine;
  readonly fields: Map<string, LsusbValue>;
}

/** A field. */
export interface LsusbValue {
  readonly line: TextLine;
  readonly number: number;
  /** The text after the number. */
  readonly words: string;
}

/** An Endpoint Descriptor. */
export interface EndpointSection extends Section {
  /** A SuperSpeed companion, which an old lsusb prints as bytes. */
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
export interface LsusbDevice {
  readonly line: TextLine;
  readonly bus: number;
  readonly address: number;
  readonly id: readonly [vendorId: number, productId: number];
  readonly configurations: ConfigurationSection[];
  device: Section | undefined;
  /** Mb/s; lsusb prints it since 016. */
  megabits: number | undefined;
  partial: boolean;
}

/**
 * Assembles devices from the lines of lsusb -v. Only the headings decide what belongs where: a field belongs to the last heading above it,
 * if that has such a field. The indentation does not count, because mail and forums change it.
 */
export class LsusbReader {
  readonly #findings: FileFindings;
  /** The tree that `lsusb -t` printed. */
  readonly tree: LsusbTree;
  readonly #entries: LsusbDevice[] = [];
  /** The section that the last heading began; undefined for a section that is not read. */
  #section: Section | undefined;
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
    const speed = /^\s*Negotiated speed:.*\((\d+(?:\.\d+)?)\s*([MG])bps\)/.exec(text);
    if (speed !== null) entry.megabits ??= toldSpeed(Number(speed[1]) * (speed[2] === 'G' ? 1000 : 1));
    const heading = /^\s*([A-Z*(].*?)\s*:\s*$/.exec(text)?.[1];
    if (heading !== undefined) this.#section = this.#sectionOf(line, entry, heading);
    else this.#field(line, entry);
  }

  #begin(line: TextLine, [, bus, address, vendor = '', product = '']: RegExpExecArray): void {
    this.#section = undefined;
    this.#configuration = undefined;
    this.#setting = undefined;
    this.#endpoint = undefined;
    this.#entry = undefined;
    const place = { bus: Number(bus), address: Number(address) };
    if (place.address < 1 || place.address > 127) {
      this.#findings.line('field-range', line, { field: 'Device', told: 1, seen: 127 });
      return;
    }
    this.#entry = {
      line,
      ...place,
      id: [Number.parseInt(vendor, 16), Number.parseInt(product, 16)],
      configurations: [],
      device: undefined,
      megabits: undefined,
      partial: false,
    };
    this.#entries.push(this.#entry);
  }

  /** @returns the section that a heading begins; undefined for one that is not read */
  #sectionOf(line: TextLine, entry: LsusbDevice, heading: string): Section | undefined {
    const section = { line, fields: new Map<string, LsusbValue>() };
    switch (heading) {
      case 'Device Descriptor':
        entry.device ??= { ...section, kind: 'device' };
        return entry.device;
      case 'Configuration Descriptor':
        this.#setting = undefined;
        this.#endpoint = undefined;
        this.#configuration = { ...section, kind: 'configuration', settings: [] };
        entry.configurations.push(this.#configuration);
        return this.#configuration;
      case 'Interface Descriptor':
        this.#endpoint = undefined;
        this.#setting = { ...section, kind: 'interface', endpoints: [] };
        return this.#add(this.#setting, this.#configuration?.settings, line, 'Configuration Descriptor');
      case 'Endpoint Descriptor':
        this.#endpoint = { ...section, kind: 'endpoint', companion: undefined };
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

  #field(line: TextLine, entry: LsusbDevice): void {
    const raw = /^\s*\*\* UNRECOGNIZED:((?:\s+[0-9a-f]{2})+)\s*$/i.exec(line.text);
    if (raw !== null) {
      this.#rawDescriptor(raw[1] ?? '');
      return;
    }
    const [, name = '', value = '', words = ''] = /^\s*([A-Za-z]\w*)\s+(\S+)(?:\s(.*))?$/.exec(line.text) ?? [];
    const field = FIELDS.get(name);
    const section = field?.of === 'companion' ? this.#endpoint : this.#section;
    if (field === undefined || section === undefined || section.fields.has(name)) return;
    if (field.of !== section.kind && field.of !== 'companion') return;
    const number = numberOf(name, value);
    if (number === undefined || number > field.most) {
      const column = 1 + line.text.indexOf(value, line.text.indexOf(name) + name.length);
      if (number === undefined) this.#findings.line('field-value', line, { field: name, column });
      else this.#findings.line('field-range', line, { field: name, told: 0, seen: field.most, column });
      entry.partial = true;
      return;
    }
    section.fields.set(name, { line, number, words: words.trim() });
  }

  /** An old lsusb does not know the companions of endpoints and prints their bytes. */
  #rawDescriptor(text: string): void {
    const bytes = text
      .trim()
      .split(/\s+/)
      .map((one) => Number.parseInt(one, 16));
    if (this.#endpoint !== undefined && bytes[1] === 0x30 && bytes.length >= 6) this.#endpoint.companion = bytes;
  }

  /** @returns the devices in the order of the file; a device may occur twice */
  devices(): readonly LsusbDevice[] {
    return this.#entries;
  }
}

/** @returns the number of a field as lsusb writes it: decimal, hexadecimal, or a version such as 2.10 */
function numberOf(name: string, value: string): number | undefined {
  if (name === 'bcdUSB') return /^[0-9a-f]{1,2}\.\d{2}$/.test(value) ? Number.parseFloat(value) : undefined;
  return /^(0x[0-9a-f]{1,4}|\d{1,6})$/i.test(value) ? Number(value) : undefined;
}

/** The fields that are read, with the descriptor that has them and the largest value of each. */
const FIELDS: ReadonlyMap<string, { readonly of: Section['kind'] | 'companion'; readonly most: number }> = new Map(
  [
    fieldsOf('device', {
      bcdUSB: 99,
      bDeviceClass: 0xff,
      bMaxPacketSize0: 0xff,
      idVendor: 0xffff,
      idProduct: 0xffff,
      iManufacturer: 0xff,
      iProduct: 0xff,
      iSerial: 0xff,
      bNumConfigurations: 0xff,
    }),
    fieldsOf('configuration', { bNumInterfaces: 0xff, bConfigurationValue: 0xff }),
    fieldsOf('interface', {
      bInterfaceNumber: 0xff,
      bAlternateSetting: 0xff,
      bNumEndpoints: 0xff,
      bInterfaceClass: 0xff,
      bInterfaceSubClass: 0xff,
      bInterfaceProtocol: 0xff,
    }),
    fieldsOf('endpoint', { bEndpointAddress: 0xff, bmAttributes: 0xff, wMaxPacketSize: 0xffff }),
    // these follow their endpoint, whatever the last heading is; no other descriptor has them
    fieldsOf('companion', { bMaxBurst: 0xff, MaxStreams: 0xffff }),
  ].flat(),
);

function fieldsOf(of: Section['kind'] | 'companion', most: Readonly<Record<string, number>>) {
  return Object.entries(most).map(([name, limit]) => [name, { of, most: limit }] as const);
}
