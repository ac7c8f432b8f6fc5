import { isObject, type NoRecord, parseRecord, type Unchecked } from '../record-text.js';

/**
 * A VM's USB tree at the time of a snapshot. QEMU finds each saved device by its controller's PCI address and its port, and refuses to
 * load the state into a tree that lacks one (docs/snapshots.md).
 */
export interface SnapshotRecord {
  readonly format: 1;
  readonly vm: string;
  readonly tag: string;
  readonly tree: UsbTree;
  /** The VM's host devices: they come back to these ports if the VM still has them. */
  readonly hosts: readonly SavedHostDevice[];
  /** Whether the host devices stayed in the VM during the save: then the saved guest knows them. */
  readonly kept: boolean;
}

export interface UsbTree {
  readonly controllers: readonly SavedController[];
}

export interface SavedController {
  readonly bus: string;
  readonly id: string | null;
  /** QOM type. */
  readonly model: string;
  /** `pcie.0/1c.0/0.0`; null for a controller outside PCI. */
  readonly address: string | null;
  readonly ports: readonly { readonly port: number; readonly mask: number }[];
  readonly devices: readonly SavedDevice[];
}

export interface SavedDevice {
  readonly id: string | null;
  /** QOM type. */
  readonly driver: string;
  /** `2.3` */
  readonly port: string;
  /** Of a hub. */
  readonly hubPorts: number | null;
  /** Mb/s; null if it was not attached. */
  readonly megabits: number | null;
}

/** A host device: its ids, and its place in the VM. */
export interface SavedHostDevice {
  readonly vendorId: number;
  readonly productId: number;
  /** Raw; empty without one. */
  readonly serial: string;
  /** For messages; printable. */
  readonly label: string;
  /** Of the saved tree. */
  readonly bus: string;
  readonly port: string;
}

/** Identifies a snapshot among all others, even with the same tag: its time of creation on the disks. */
export interface SnapshotIdentity {
  readonly tag: string;
  /** Seconds since 1970, and nanoseconds. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** @returns the record in a JSON text, completely checked */
export function parseSnapshotRecord(text: string): SnapshotRecord | NoRecord {
  return parseRecord<SnapshotRecord>(text, isRecord);
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const orNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || is(value);

/** @returns whether a value is a list of objects with valid fields */
function isListOf(value: unknown, fields: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => isObject(one) && Object.entries(fields).every(([name, is]) => is(one[name])))
  );
}

const DEVICE = {
  id: orNull(isText),
  driver: isText,
  port: isText,
  hubPorts: orNull(isCount),
  megabits: orNull((value) => typeof value === 'number' && value >= 0),
};

const CONTROLLER = {
  bus: isText,
  id: orNull(isText),
  model: isText,
  address: orNull(isText),
  ports: (value: unknown) => isListOf(value, { port: isCount, mask: isCount }),
  devices: (value: unknown) => isListOf(value, DEVICE),
};

const HOST = { vendorId: isCount, productId: isCount, serial: isText, label: isText, bus: isText, port: isText };

function isRecord({ vm, tag, tree, hosts, kept }: Unchecked): boolean {
  return (
    isText(vm) &&
    isText(tag) &&
    typeof kept === 'boolean' &&
    isObject(tree) &&
    isListOf(tree['controllers'], CONTROLLER) &&
    isListOf(hosts, HOST)
  );
}
