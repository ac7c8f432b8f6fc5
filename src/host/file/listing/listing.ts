import { type Finding, finding } from '../../../diag/index.js';
import { formatId } from '../../names/index.js';
import type { BoundInterface, HostAltSetting, HostConfiguration } from '../../usb-device.js';
import { controllerOfSerial } from '../controller-name.js';
import type { DescribedDevice } from '../described-device.js';
import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import type { Labelled } from './line-grammar.js';
import type { ListedConfiguration, ListedDevice, ListedSetting } from './listed-device.js';
import { TRANSFER_WORDS } from './listing-grammar.js';
import { Places } from './listing-places.js';
import { ListingReader } from './listing-reader.js';
import { rawPacketSize } from './packet-size.js';

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

/**
 * Reads the listing of the kernel, or that of usb-devices: a block of lines for each device, with a hub before the devices behind it.
 *
 * @returns the devices, in the order of the file
 */
export function readListing(lines: Iterable<TextLine>, findings: FileFindings): readonly DescribedDevice[] {
  const reader = new ListingReader(findings);
  for (const line of lines) reader.read(line);
  return new ListingDescriber(findings).devices(reader.listed());
}

/** Describes the listed devices, and reports where their lines contradict each other. */
class ListingDescriber {
  readonly #findings: FileFindings;
  /** Whether the listing shows no endpoints, as that of usb-devices before 013 on newer kernels. */
  #noEndpoints = false;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  devices(listed: readonly ListedDevice[]): readonly DescribedDevice[] {
    // The kernel marks the active configuration; usb-devices shows only that one and marks nothing.
    const marked = listed.some((entry) => entry.configurations.some(({ active }) => active));
    this.#noEndpoints = !marked && !listed.some(hasEndpoints);
    new Places(this.#findings, marked).give(listed);
    const controllers = new Map<number, string | undefined>();
    for (const { bus, level, strings } of listed) {
      if (level === 0) controllers.set(bus, controllerOfSerial(strings.get('SerialNumber')));
    }
    return listed.map((entry) => this.#described(entry, controllers.get(entry.bus), marked));
  }

  #described(entry: ListedDevice, controller: string | undefined, marked: boolean): DescribedDevice {
    const { line, bus, address, chain, vendorId, productId, megabits, speedIs, strings } = entry;
    this.#checkCounts(entry, marked);
    const configurations = entry.configurations.map((one) => this.#configurationOf(one, entry, marked));
    const active = entry.configurations.find((one) => one.active || !marked);
    return {
      line,
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
      speedIs,
      configurations,
      bound: active === undefined ? [] : boundOf(active, marked),
      active: active?.value,
      partial: entry.partial,
      findings: marked && megabits === 10000 ? [unsure(entry)] : [],
    };
  }

  #checkCounts(entry: ListedDevice, marked: boolean): void {
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

  #configurationOf({ value, settings }: ListedConfiguration, entry: ListedDevice, marked: boolean): HostConfiguration {
    const interfaces = new Map<number, HostAltSetting[]>();
    for (const setting of settings) {
      const made = this.#settingOf(setting, entry);
      const known = interfaces.get(setting.number);
      if (known === undefined) interfaces.set(setting.number, [made]);
      else known.push(made);
      // usb-devices shows one setting only, so the settings before it are unknown as well
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

  #settingOf(setting: ListedSetting, entry: ListedDevice): HostAltSetting {
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
        // The listing does not show companions. Devices at lower speeds have none (USB 3.2, 9.6.7).
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

function hasEndpoints({ configurations }: ListedDevice): boolean {
  return configurations.some(({ settings }) => settings.some(({ endpoints }) => endpoints.length > 0));
}

/**
 * The kernel writes the same figure for both generations that are faster than 5 Gb/s (drivers/usb/core/devices.c); sysfs distinguishes
 * them.
 */
function unsure({ bus, address, vendorId, productId }: ListedDevice): Finding {
  const evidence = { device: `@${bus}.${address}`, id: formatId(vendorId, productId) };
  return finding('device-speed-10000', evidence, { severity: 'note' });
}

/** @returns the interfaces of the active configuration, each with its driver */
function boundOf({ settings }: ListedConfiguration, marked: boolean): readonly Omit<BoundInterface, 'name'>[] {
  const bound = new Map<number, ListedSetting>();
  for (const setting of settings) {
    if (!bound.has(setting.number) || (marked && setting.active)) bound.set(setting.number, setting);
  }
  return [...bound.values()]
    .map(({ number, class: code, driver }) => ({ number, class: code, driver }))
    .sort((a, b) => a.number - b.number);
}
