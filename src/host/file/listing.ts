import { type Finding, finding } from '../../diag/index.js';
import { formatId } from '../device-name.js';
import type { BoundInterface, HostAltSetting, HostConfiguration } from '../usb-device.js';
import { controllerOfSerial } from './controller-name.js';
import type { DescribedDevice } from './described-device.js';
import type { FileFindings, TextLine } from './file-findings.js';
import { type Labelled, readFields } from './line-grammar.js';
import {
  CONFIGURATION,
  DEVICE,
  ENDPOINT,
  INTERFACE,
  type PacketSize,
  PRODUCT,
  TOPOLOGY,
  TRANSFER_WORDS,
} from './listing-grammar.js';
import { rawPacketSize } from './packet-size.js';

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

/** The kernel cuts strings there, in bytes (drivers/usb/core/devices.c, `%.100s`): in the middle of a character, if need be. */
const LONGEST_STRING = 100;

interface Endpoint {
  readonly line: TextLine;
  readonly address: Labelled;
  readonly attributes: Labelled;
  readonly packets: PacketSize;
}

interface Setting {
  readonly line: TextLine;
  readonly number: number;
  readonly setting: number;
  readonly told: number;
  readonly class: number;
  readonly subclass: number;
  readonly protocol: number;
  readonly driver: string | undefined;
  readonly active: boolean;
  readonly endpoints: Endpoint[];
}

interface Configuration {
  readonly line: TextLine;
  readonly value: number;
  readonly told: number;
  readonly active: boolean;
  readonly settings: Setting[];
}

interface Entry {
  readonly line: TextLine;
  readonly bus: number;
  readonly level: number;
  readonly parent: number;
  readonly port: number;
  readonly address: number;
  readonly megabits: number | undefined;
  readonly children: number;
  class: number;
  vendorId: number;
  productId: number;
  /** Undefined until its D line was read. */
  toldConfigurations: number | undefined;
  readonly strings: Map<string, string>;
  readonly configurations: Configuration[];
  chain: readonly number[] | undefined;
  /** Something about it is missing or could not be read. */
  partial: boolean;
}

/**
 * Reads the listing of the kernel, or that of usb-devices: a block of lines for each device, a hub before what hangs on it.
 *
 * @returns the devices, in the order of the file
 */
export function readListing(lines: Iterable<TextLine>, findings: FileFindings): readonly DescribedDevice[] {
  const reader = new ListingReader(findings);
  for (const line of lines) reader.read(line);
  return reader.devices();
}

class ListingReader {
  readonly #findings: FileFindings;
  readonly #entries: Entry[] = [];
  #entry: Entry | undefined;
  #configuration: Configuration | undefined;
  #setting: Setting | undefined;
  /** The T line of a device was unreadable: what follows belongs to nobody. */
  #skipping = false;
  /** usb-devices before 013 shows none on newer kernels. */
  #noEndpoints = false;
  /** No blank line yet since the T line: newer kernels end a device with one. */
  #block = false;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  read(line: TextLine): void {
    const { text } = line;
    if (/^[>\s]*$/.test(text)) {
      this.#block = false;
      return;
    }
    // a mail that answers another has marks in front
    const match = /^[>\s]*([A-Z]):([* ]?)/.exec(text);
    const [whole = '', letter = '', mark] = match ?? [];
    const from = whole.length;
    if (match === null) this.#other(line);
    else if (letter === 'T') this.#topology(line, from);
    else if (!this.#skipping) this.#readers[letter]?.(line, from, mark === '*');
  }

  /** By letter; others are passed over. */
  readonly #readers: Readonly<Record<string, (line: TextLine, from: number, marked: boolean) => void>> = {
    D: (line, from) => this.#device(line, from),
    P: (line, from) => this.#product(line, from),
    S: (line, from) => this.#string(line, from),
    C: (line, from, marked) => this.#addConfiguration(line, from, marked),
    I: (line, from, marked) => this.#addSetting(line, from, marked),
    E: (line, from) => this.#addEndpoint(line, from),
  };

  /** `(truncated)` and `(null Cfg. desc.)` are the kernel's own; anything else does not belong here. */
  #other(line: TextLine): void {
    const own = /^[>\s]*\((truncated|null Cfg\. desc\.)\)\s*$/.test(line.text);
    this.#findings.line(own ? 'truncated' : 'unknown-line', line);
    if (this.#entry !== undefined && this.#block) this.#entry.partial = true;
  }

  /** @returns the device that a line belongs to; it becomes partial when the line can't be used */
  #owner(line: TextLine): Entry | undefined {
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

  devices(): readonly DescribedDevice[] {
    // The kernel marks the configuration in use; usb-devices shows that one alone and marks nothing.
    const marked = this.#entries.some((entry) => entry.configurations.some(({ active }) => active));
    this.#noEndpoints = !marked && !this.#entries.some(hasEndpoints);
    const entries = new Places(this.#findings, marked).give(this.#entries);
    const controllers = new Map<number, string | undefined>();
    for (const { bus, level, strings } of this.#entries) {
      if (level === 0) controllers.set(bus, controllerOfSerial(strings.get('SerialNumber')));
    }
    return entries.map((entry) => this.#described(entry, controllers.get(entry.bus), marked));
  }

  #described(entry: Entry, controller: string | undefined, marked: boolean): DescribedDevice {
    const { bus, address, chain, vendorId, productId, megabits, strings } = entry;
    this.#checkCounts(entry, marked);
    const configurations = entry.configurations.map((one) => this.#configurationOf(one, entry, marked));
    const active = entry.configurations.find((one) => one.active || !marked);
    return {
      bus,
      address,
      chain,
      controller,
      vendorId,
      productId,
      manufacturer: strings.get('Manufacturer'),
      product: strings.get('Product'),
      serial: strings.get('SerialNumber'),
      class: entry.class,
      megabits,
      configurations,
      bound: active === undefined ? [] : boundOf(active, marked),
      active: active?.value,
      partial: entry.partial,
      findings: marked && megabits === 10000 ? [unsure(entry)] : [],
    };
  }

  #checkCounts(entry: Entry, marked: boolean): void {
    const { line, configurations, toldConfigurations: told } = entry;
    const seen = configurations.length;
    if (told === undefined) {
      if (!entry.partial) this.#findings.line('misplaced', line, { field: 'D: line behind it, or' });
      entry.partial = true;
    } else if (seen !== told) {
      if (marked || seen > told) this.#findings.line('configuration-count', line, { told, seen });
      entry.partial = true;
    }
    for (const { line: at, told: interfaces, settings } of configurations) {
      const numbers = new Set(settings.map(({ number }) => number)).size;
      if (numbers === interfaces) continue;
      this.#findings.line('interface-count', at, { told: interfaces, seen: numbers });
      entry.partial = true;
    }
  }

  #configurationOf({ value, settings }: Configuration, entry: Entry, marked: boolean): HostConfiguration {
    const interfaces = new Map<number, HostAltSetting[]>();
    for (const setting of settings) {
      const made = this.#settingOf(setting, entry);
      const known = interfaces.get(setting.number);
      if (known === undefined) interfaces.set(setting.number, [made]);
      else known.push(made);
      // what stands before the one that is shown is not known either
      if (!marked && setting.setting > 0) entry.partial = true;
    }
    return {
      value,
      interfaces: [...interfaces].map(([number, altSettings]) => ({
        number,
        altSettings,
        ...(marked ? {} : { partial: true }),
      })),
    };
  }

  #settingOf(setting: Setting, entry: Entry): HostAltSetting {
    const { line, told, setting: number, class: classCode, subclass, protocol, endpoints } = setting;
    if (endpoints.length !== told) {
      if (!this.#noEndpoints) this.#findings.line('endpoint-count', line, { told, seen: endpoints.length });
      entry.partial = true;
    }
    const high = entry.megabits === 480;
    return {
      number,
      class: classCode,
      subclass,
      protocol,
      endpoints: endpoints.map(({ line: at, address, attributes, packets }) => {
        const type = TRANSFER_TYPES[(attributes.value & 3) as 0 | 1 | 2 | 3];
        this.#checkLabels(at, address, attributes);
        const raw = rawPacketSize(packets, high && (type === 'interrupt' || type === 'isochronous'));
        if (raw === undefined) {
          this.#findings.line('packet-size', at, { told: packets.bytes });
          entry.partial = true;
        }
        // Companions are not shown. Slower devices have none (USB 3.2, 9.6.7).
        const streams = type === 'bulk' && (entry.megabits ?? 0) > 480 ? undefined : 0;
        return { address: address.value, type, maxPacketSize: raw ?? packets.bytes & 0xffff, streams };
      }),
    };
  }

  #checkLabels(line: TextLine, address: Labelled, attributes: Labelled): void {
    const type = TRANSFER_WORDS[attributes.words.toLowerCase()];
    if (type !== (attributes.value & 3)) {
      const told = `0x${attributes.value.toString(16).padStart(2, '0')}`;
      this.#findings.line('label', line, { field: 'Atr', told, seen: attributes.words });
    }
    const direction = address.words.charAt(0).toUpperCase();
    const expected = (attributes.value & 3) === 0 ? 'BIO' : (address.value & 0x80) === 0 ? 'O' : 'I';
    if (direction === '' || !expected.includes(direction)) {
      const told = `0x${address.value.toString(16).padStart(2, '0')}`;
      this.#findings.line('label', line, { field: 'Ad', told, seen: address.words });
    }
  }
}

function hasEndpoints({ configurations }: Entry): boolean {
  return configurations.some(({ settings }) => settings.some(({ endpoints }) => endpoints.length > 0));
}

/** The kernel has one word for both generations that are faster than 5 Gb/s (drivers/usb/core/devices.c); sysfs tells them apart. */
function unsure({ bus, address, vendorId, productId }: Entry): Finding {
  const evidence = { device: `@${bus}.${address}`, id: formatId(vendorId, productId) };
  return finding('device-speed-10000', evidence, { severity: 'note' });
}

/** @returns the interfaces in use, each with its driver */
function boundOf({ settings }: Configuration, marked: boolean): readonly Omit<BoundInterface, 'name'>[] {
  const bound = new Map<number, Setting>();
  for (const setting of settings) {
    if (!bound.has(setting.number) || (marked && setting.active)) bound.set(setting.number, setting);
  }
  return [...bound.values()]
    .map(({ number, class: code, driver }) => ({ number, class: code, driver }))
    .sort((a, b) => a.number - b.number);
}

/** Finds the place of each device: the port chain from its root hub down. */
class Places {
  readonly #findings: FileFindings;
  readonly #marked: boolean;
  /** By bus and number; by bus and level, the one before. */
  readonly #byNumber = new Map<string, Entry>();
  readonly #before = new Map<string, Entry>();

  constructor(findings: FileFindings, marked: boolean) {
    this.#findings = findings;
    this.#marked = marked;
  }

  /** @returns the devices without those that are there twice */
  give(entries: readonly Entry[]): readonly Entry[] {
    return entries.filter((entry) => {
      const { line, bus, level, address } = entry;
      entry.chain = level === 0 ? [] : this.#below(entry);
      const key = `${bus}.${address}`;
      const twin = this.#byNumber.get(key);
      if (twin !== undefined) this.#findings.line('twice', line, { told: twin.line.number });
      else this.#byNumber.set(key, entry);
      this.#before.set(`${bus}/${level}`, entry);
      return twin === undefined;
    });
  }

  #below(entry: Entry): readonly number[] | undefined {
    const { line, bus, level, port, parent } = entry;
    const hub = this.#hubOf(entry);
    if (hub === undefined && level === 1 && !this.#before.has(`${bus}/0`)) return [port + 1];
    if (hub === undefined) {
      this.#findings.line('parent-missing', line, { told: parent, seen: bus });
      return undefined;
    }
    if (hub.chain === undefined) return undefined;
    if (port + 1 > hub.children && hub.children > 0) {
      this.#findings.line('port-beyond', line, { told: port + 1, seen: hub.children });
    }
    return [...hub.chain, port + 1];
  }

  /**
   * A hub stands before what hangs on it, so the hub of a device is the last one before it that is one level up. usb-devices 014
   * under dash writes as `Prnt` the device that it showed last, whatever that is; there only the order counts.
   */
  #hubOf({ line, bus, level, parent }: Entry): Entry | undefined {
    const told = this.#byNumber.get(`${bus}.${parent}`);
    if (told !== undefined && told.level === level - 1) return told;
    const above = this.#before.get(`${bus}/${level - 1}`);
    // old kernels gave 0 for the root hub
    const known = !this.#marked || (parent === 0 && level === 1);
    if (above !== undefined && told !== undefined && !known) {
      this.#findings.line('level', line, { told: level, seen: told.level });
    }
    return told !== undefined || known ? above : undefined;
  }
}
