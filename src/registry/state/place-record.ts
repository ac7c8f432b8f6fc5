import { isObject, type NoRecord, parseRecord, type Unchecked } from '../record-text.js';

/** The places of a VM's devices in its last run. One JSON file for each VM; it survives the VM's end and a reboot. */
export interface PlaceRecord {
  readonly format: 1;
  readonly vm: string;
  readonly controllers: readonly RememberedController[];
  /** Newest last. */
  readonly devices: readonly RememberedDevice[];
}

/** With PCI addresses, because snapshots find devices by them. */
export interface RememberedController {
  readonly id: string;
  readonly model: string;
  readonly pciBus: string;
  /** `10.0` */
  readonly address: string;
}

export interface RememberedDevice {
  readonly who: RememberedHostDevice | RememberedId;
  /** The selector in the VM's file that matched it. */
  readonly select?: string | undefined;
  /** For messages; printable. */
  readonly label: string;
  readonly bus: string;
  readonly port: string;
}

/** A host device: its connector and its ids. */
export interface RememberedHostDevice {
  /** PCI address or platform name of the host's controller. */
  readonly controller: string;
  readonly chain: readonly number[];
  readonly vendorId: number;
  readonly productId: number;
  readonly serial?: string | undefined;
}

/** An emulated device, or a hub of the file: its id there. */
export interface RememberedId {
  readonly id: string;
}

/** @returns the record in a JSON text, completely checked */
export function parsePlaceRecord(text: string): PlaceRecord | NoRecord {
  return parseRecord<PlaceRecord>(text, isRecord);
}

function isRecord({ vm, controllers, devices }: Unchecked): boolean {
  return (
    typeof vm === 'string' &&
    Array.isArray(controllers) &&
    controllers.every(isController) &&
    Array.isArray(devices) &&
    devices.every(isDevice)
  );
}

const areTexts = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string');
const areNumbers = (...values: readonly unknown[]): boolean => values.every((value) => Number.isInteger(value));
const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

function isController(value: unknown): value is RememberedController {
  return isObject(value) && areTexts(value['id'], value['model'], value['pciBus'], value['address']);
}

function isDevice(value: unknown): value is RememberedDevice {
  return (
    isObject(value) &&
    areTexts(value['label'], value['bus'], value['port']) &&
    isOptionalText(value['select']) &&
    isObject(value['who']) &&
    isWho(value['who'])
  );
}

function isWho(who: Unchecked): boolean {
  if (typeof who['id'] === 'string') return true;
  const { controller, chain, vendorId, productId, serial } = who;
  return (
    areTexts(controller) && Array.isArray(chain) && areNumbers(...chain, vendorId, productId) && isOptionalText(serial)
  );
}
