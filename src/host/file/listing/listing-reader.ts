import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import { readFields } from './line-grammar.js';
import type { ListedConfiguration, ListedDevice, ListedSetting } from './listed-device.js';
import { CONFIGURATION, DEVICE, ENDPOINT, INTERFACE, PRODUCT, TOPOLOGY } from './listing-grammar.js';

/** The length in bytes to which the kernel cuts strings (drivers/usb/core/devices.c, `%.100s`), even in the middle of a character. */
const LONGEST_STRING = 100;

/** Assembles devices from the lines of a listing. Each line belongs to the last line above it that can own it. */
export class ListingReader {
  readonly #findings: FileFindings;
  readonly #entries: ListedDevice[] = [];
  #entry: ListedDevice | undefined;
  #configuration: ListedConfiguration | undefined;
  #setting: ListedSetting | undefined;
  /** The T line of a device was unreadable, so the lines after it belong to no device. */
  #skipping = false;
  /** No blank line since the T line; newer kernels end each device with one. */
  #block = false;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  read(line: TextLine): void {
    const { text } = line;
    if (text.trim() === '') {
      this.#block = false;
      return;
    }
    const match = /^\s*([A-Z]):([* ]?)/.exec(text);
    const [whole = '', letter = '', mark] = match ?? [];
    const from = whole.length;
    if (match === null) this.#other(line);
    else if (letter === 'T') this.#topology(line, from);
    else if (!this.#skipping) this.#readers[letter]?.(line, from, mark === '*');
  }

  /** By letter; other lines are skipped. */
  readonly #readers: Readonly<Record<string, (line: TextLine, from: number, marked: boolean) => void>> = {
    D: (line, from) => this.#device(line, from),
    P: (line, from) => this.#product(line, from),
    S: (line, from) => this.#string(line, from),
    C: (line, from, marked) => this.#addConfiguration(line, from, marked),
    I: (line, from, marked) => this.#addSetting(line, from, marked),
    E: (line, from) => this.#addEndpoint(line, from),
  };

  /** The kernel itself writes `(truncated)` and `(null Cfg. desc.)`; any other line of this kind does not belong here. */
  #other(line: TextLine): void {
    const own = /^\s*\((truncated|null Cfg\. desc\.)\)\s*$/.test(line.text);
    this.#findings.line(own ? 'truncated' : 'unknown-line', line);
    if (this.#entry !== undefined && this.#block) this.#entry.partial = true;
  }

  /** @returns the device to which a line belongs; it becomes partial when the line is unusable */
  #owner(line: TextLine): ListedDevice | undefined {
    if (this.#entry === undefined) this.#findings.line('misplaced', line, { field: 'T: line' });
    return this.#entry;
  }

  #topology(line: TextLine, from: number): void {
    this.#configuration = undefined;
    this.#setting = undefined;
    const fields = readFields(TOPOLOGY, line, from, this.#findings);
    this.#skipping = fields === undefined;
    this.#entry = undefined;
    if (fields === undefined) return;
    const { count: _, speed, ...place } = fields;
    this.#entry = {
      line,
      ...place,
      ...speed,
      class: 0,
      vendorId: 0,
      productId: 0,
      toldConfigurations: undefined,
      strings: new Map(),
      configurations: [],
      chain: undefined,
      partial: false,
    };
    this.#entries.push(this.#entry);
    this.#block = true;
  }

  #device(line: TextLine, from: number): void {
    const entry = this.#owner(line);
    if (entry === undefined) return;
    const fields = readFields(DEVICE, line, from, this.#findings);
    if (fields === undefined) {
      entry.partial = true;
      return;
    }
    entry.class = fields.class.value;
    entry.toldConfigurations = fields.configurations;
  }

  #product(line: TextLine, from: number): void {
    const entry = this.#owner(line);
    if (entry === undefined) return;
    const fields = readFields(PRODUCT, line, from, this.#findings);
    if (fields === undefined) entry.partial = true;
    else Object.assign(entry, { vendorId: fields.vendorId, productId: fields.productId });
  }

  #string(line: TextLine, from: number): void {
    const entry = this.#owner(line);
    const [, key, value] = /^\s*(Manufacturer|Product|SerialNumber)=(.*)$/.exec(line.text.slice(from)) ?? [];
    if (key !== undefined && value !== undefined) {
      const bytes = Buffer.byteLength(value);
      if (bytes >= LONGEST_STRING && bytes < LONGEST_STRING + 3) this.#findings.line('string-cut', line);
      entry?.strings.set(key, value);
    } else if (entry !== undefined) this.#findings.line('unknown-line', line);
  }

  #addConfiguration(line: TextLine, from: number, active: boolean): void {
    this.#configuration = undefined;
    this.#setting = undefined;
    const entry = this.#owner(line);
    if (entry === undefined) return;
    const fields = readFields(CONFIGURATION, line, from, this.#findings);
    if (fields === undefined) {
      entry.partial = true;
      return;
    }
    this.#configuration = { line, value: fields.value, told: fields.interfaces, active, settings: [] };
    entry.configurations.push(this.#configuration);
  }

  #addSetting(line: TextLine, from: number, active: boolean): void {
    this.#setting = undefined;
    const entry = this.#owner(line);
    if (entry === undefined) return;
    const fields = readFields(INTERFACE, line, from, this.#findings);
    if (fields === undefined || this.#configuration === undefined) {
      if (fields !== undefined) this.#findings.line('misplaced', line, { field: 'C: line' });
      entry.partial = true;
      return;
    }
    const {
      number,
      setting,
      endpoints: told,
      class: { value: classCode },
      subclass,
      protocol,
      driver,
    } = fields;
    const { settings } = this.#configuration;
    if (settings.some((one) => one.number === number && one.setting === setting)) {
      this.#findings.line('setting-twice', line, { told: number, seen: setting });
      entry.partial = true;
    }
    const made = { line, number, setting, told, class: classCode, subclass, protocol, driver: driver?.name, active };
    this.#setting = { ...made, endpoints: [] };
    settings.push(this.#setting);
  }

  #addEndpoint(line: TextLine, from: number): void {
    const entry = this.#owner(line);
    if (entry === undefined) return;
    const fields = readFields(ENDPOINT, line, from, this.#findings);
    if (fields === undefined || this.#setting === undefined) {
      if (fields !== undefined) this.#findings.line('misplaced', line, { field: 'I: line' });
      entry.partial = true;
      return;
    }
    const { address, attributes, packets } = fields;
    this.#setting.endpoints.push({ line, address, attributes, packets });
  }

  /** @returns the devices in the order of the listing */
  listed(): readonly ListedDevice[] {
    return this.#entries;
  }
}
