import { parsePortName, UNKNOWN_CONTROLLER } from '../names/index.js';
import type {
  BoundInterface,
  EndpointCompanion,
  HostAltSetting,
  HostConfiguration,
  HostDevice,
  HostEndpoint,
  HostInterface,
} from '../usb-device.js';
import { gapFindings } from './described-device.js';
import type { FileFindings } from './file-findings.js';
import type { FoundDevice } from './file-inventory.js';
import { toldSpeed } from './parse-speed.js';

/** What is wrong, and where. */
class Fault extends Error {
  readonly where: string;

  constructor(where: string, reason: string) {
    super(reason);
    this.where = where;
  }
}

/** A value of a JSON document and the path to it. A question that it cannot answer throws a `Fault`. */
class Node {
  readonly #value: unknown;
  readonly #path: string;

  get path(): string {
    return this.#path;
  }

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  get(key: string): Node {
    if (typeof this.#value !== 'object' || this.#value === null || Array.isArray(this.#value)) {
      throw this.fault('it is no object');
    }
    const own = Object.hasOwn(this.#value, key) ? (this.#value as Record<string, unknown>)[key] : undefined;
    return new Node(own, this.#path === '' ? key : `${this.#path}.${key}`);
  }

  list(): readonly Node[] {
    if (!Array.isArray(this.#value)) throw this.fault('it is no list');
    return this.#value.map((one, index) => new Node(one, `${this.#path}[${index}]`));
  }

  integer(least: number, most: number): number {
    const value = this.#value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.fault(`it is no whole number from ${least} to ${most}`);
  }

  text(pattern = /^.{0,1024}$/s): string {
    if (typeof this.#value === 'string' && pattern.test(this.#value)) return this.#value;
    throw this.fault('it is no text of that form');
  }

  /** @returns undefined if the value is null or missing, otherwise the result of `read` */
  maybe<T>(read: (node: Node) => T): T | undefined {
    return this.#value === null || this.#value === undefined ? undefined : read(this);
  }

  megabits(): number {
    const value = this.#value;
    if (typeof value === 'number' && value > 0 && value <= 1_000_000) return value;
    throw this.fault('it is no speed in Mb/s');
  }

  flag(): boolean {
    if (typeof this.#value === 'boolean') return this.#value;
    throw this.fault('it is neither true nor false');
  }

  choice<T extends string>(choices: readonly T[]): T {
    const found = choices.find((one) => one === this.#value);
    if (found !== undefined) return found;
    throw this.fault(`it is none of ${choices.join(', ')}`);
  }

  fault(reason: string): Fault {
    return new Fault(this.#path === '' ? 'the whole file' : this.#path, reason);
  }
}

const TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;
const byte = (node: Node): number => node.integer(0, 255);
const text = (node: Node): string => node.text();

/**
 * Reads the output of `qplug devices --json`. A device that does not match the schema is left out, with a finding.
 *
 * @param value - the JSON document; the caller has checked its `schema`
 */
export function readDevicesDocument(value: unknown, findings: FileFindings): readonly FoundDevice[] {
  const document = new Node(value, '');
  const read = (node: Node, hub: boolean): FoundDevice | undefined => {
    try {
      return { device: deviceOf(node, hub), where: node.get('port').path };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      findings.document(error.where, error.message);
      return undefined;
    }
  };
  const all = (key: string, hub: boolean): readonly FoundDevice[] => {
    try {
      const list = document.get(key).maybe((node) => node.list()) ?? [];
      return list.map((node) => read(node, hub)).filter((one) => one !== undefined);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      findings.document(error.where, error.message);
      return [];
    }
  };
  return [...all('devices', false), ...all('hubs', true)];
}

function deviceOf(node: Node, isHub: boolean): HostDevice {
  const bus = node.get('bus').integer(0, 9999);
  const address = node.get('address').integer(1, 127);
  const port = node.get('port').text(/^(\d{1,4}-\d{1,3}(\.\d{1,3}){0,5}|usb\d{1,4}|@\d{1,4}\.\d{1,3})$/);
  const place = parsePortName(port);
  const expected = place?.bus ?? bus;
  const unplaced = port.startsWith('@');
  if (expected !== bus || (unplaced && port !== `@${bus}.${address}`))
    throw node.get('port').fault('bus says otherwise');
  const id = node.get('id').text(/^[0-9a-f]{4}:[0-9a-f]{4}$/);
  const made: HostDevice = {
    port,
    bus,
    address,
    chain: place?.chain ?? [],
    controller: node.get('location').maybe(controllerOf) ?? UNKNOWN_CONTROLLER,
    peer: node.get('peer').maybe((one) => one.text(/^\d{1,4}-\d{1,3}(\.\d{1,3}){0,5}$/)),
    vendorId: Number.parseInt(id.slice(0, 4), 16),
    productId: Number.parseInt(id.slice(5), 16),
    serial: node.get('serial').maybe(text),
    manufacturer: node.get('manufacturer').maybe(text),
    product: node.get('product').maybe(text),
    name: node.get('name').text(),
    class: byte(node.get('class')),
    classes: node.get('classes').list().map(byte),
    ...speedOf(node),
    configurations: node.get('configurations').list().map(configurationOf),
    ...(node.get('partial').maybe((one) => one.flag()) === true ? { partial: true } : {}),
    interfaces: node.get('interfaces').list().map(interfaceOf),
    node: node.get('node').text(),
    access: 'unknown',
    isHub,
    findings: [],
  };
  return { ...made, findings: gapFindings(made) };
}

function controllerOf(location: Node): string {
  return location.text(/^(pci|platform)-[^/]{1,80}\/[\d.]*$/).replace(/^(pci|platform)-|\/.*$/g, '');
}

/**
 * A missing speed counts as not given, whatever the document says about it. The only exception is `unknown`: then the kernel itself did not
 * know the speed.
 */
function speedOf(node: Node): Pick<HostDevice, 'megabits' | 'speedIs'> {
  const megabits = node.get('megabits').maybe((one) => toldSpeed(one.megabits()));
  const speedIs = node.get('speedIs').maybe((one) => one.choice(['inferred', 'unknown', 'untold']));
  const fitting = megabits === undefined ? 'unknown' : 'inferred';
  return speedIs === fitting ? { megabits, speedIs } : { megabits };
}

function interfaceOf(node: Node): BoundInterface {
  return {
    name: node.get('name').text(),
    number: byte(node.get('number')),
    class: byte(node.get('class')),
    driver: node.get('driver').maybe(text),
  };
}

function configurationOf(node: Node): HostConfiguration {
  return {
    value: byte(node.get('value')),
    interfaces: node
      .get('interfaces')
      .list()
      .map(
        (one): HostInterface => ({
          number: byte(one.get('number')),
          altSettings: one.get('altSettings').list().map(settingOf),
          ...(one.get('partial').maybe((flag) => flag.flag()) === true ? { partial: true } : {}),
        }),
      ),
  };
}

function settingOf(node: Node): HostAltSetting {
  return {
    number: byte(node.get('number')),
    class: byte(node.get('class')),
    subclass: byte(node.get('subclass')),
    protocol: byte(node.get('protocol')),
    endpoints: node.get('endpoints').list().map(endpointOf),
  };
}

function endpointOf(node: Node): HostEndpoint {
  const companion = node.get('companion').maybe(
    (one): EndpointCompanion => ({
      maxBurst: byte(one.get('maxBurst')),
      attributes: byte(one.get('attributes')),
      bytesPerInterval: one.get('bytesPerInterval').integer(0, 0xffff_ffff),
    }),
  );
  return {
    address: byte(node.get('address')),
    type: node.get('type').choice(TYPES),
    maxPacketSize: node.get('maxPacketSize').integer(0, 0xffff),
    streams: node.get('streams').maybe((one) => one.integer(0, 31)),
    ...(companion === undefined ? {} : { companion }),
  };
}
