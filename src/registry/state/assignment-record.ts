import { isAbsolute } from 'node:path';
import { parseTcpAddress } from '../../base/index.js';
import { isObject, type NoRecord, parseRecord, type Unchecked } from '../record-text.js';
import { isVmName } from '../vm-name.js';

/** What a person decided about a VM, whether it runs or not. One JSON file for each VM; it survives the VM's end and a reboot. */
export interface AssignmentRecord {
  readonly format: 1;
  readonly vm: string;
  /** The QMP socket of an adopted VM, which qplug did not start: absolute; or `tcp:HOST:PORT`, or `container:NAME`. */
  readonly socket?: string | undefined;
  /** Oldest first. */
  readonly assignments: readonly Assignment[];
  /** The share of its monitor that the agent keeps. */
  readonly share?: StandingShare | undefined;
}

/** A socket on which the agent serves the monitor of a VM to many clients, until a person says otherwise. */
export interface StandingShare {
  /** Absolute, links followed. */
  readonly listen: string;
  /** When it was made: ISO 8601. */
  readonly made: string;
}

/** Devices that belong to a VM, until a person says otherwise. */
export interface Assignment extends AssignmentOptions {
  /** From 1; unique in the VM. */
  readonly id: number;
  /** The selector, as a person typed it. */
  readonly select: string;
  /** When it was made: ISO 8601. */
  readonly made: string;
}

/** How the devices of an assignment are attached. */
export interface AssignmentOptions {
  /** The controller to use: its id or bus. */
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  /** Whether a device may run below its native speed. */
  readonly slower?: 'refuse' | 'allow' | undefined;
  /** Identities that a device may change into at its connector; see `alsoIdentityOf`. */
  readonly also?: readonly string[] | undefined;
  /** Seconds that a device's port stays free for it after it has gone. */
  readonly hold?: number | undefined;
  /** Whether a person is asked each time. */
  readonly ask?: true | undefined;
}

/** The limits of `hold`, in seconds. */
export const HOLD: { readonly least: number; readonly most: number } = { least: 1, most: 3600 };

/**
 * Reads an identity that a device may change into: `0483:df11`, `2e8a:*` for any product of a vendor, `class=fe0102` for class, subclass
 * and protocol of an interface.
 *
 * @returns it in lower case; undefined for any other text
 */
export function alsoIdentityOf(text: string): string | undefined {
  const lower = text.trim().toLowerCase();
  return /^([0-9a-f]{4}:([0-9a-f]{4}|\*)|class=[0-9a-f]{6})$/.test(lower) ? lower : undefined;
}

/** @returns the record in a JSON text, completely checked */
export function parseAssignmentRecord(text: string): AssignmentRecord | NoRecord {
  return parseRecord<AssignmentRecord>(text, isRecord);
}

/** Longest accepted texts, in characters; a selector has at most 512. */
const LONGEST = 1024;

/** ISO 8601, as qplug writes it. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

function isRecord({ vm, socket, assignments, share }: Unchecked): boolean {
  return (
    typeof vm === 'string' &&
    isVmName(vm) &&
    (socket === undefined || (isText(socket) && isLasting(socket))) &&
    Array.isArray(assignments) &&
    assignments.every(isAssignment) &&
    new Set(assignments.map(({ id }) => id)).size === assignments.length &&
    (share === undefined || isShare(share))
  );
}

/** Whether a word names the VM again when its QEMU is another process. */
function isLasting(socket: string): boolean {
  return isAbsolute(socket) || parseTcpAddress(socket) !== undefined || socket.startsWith('container:');
}

function isShare(value: unknown): value is StandingShare {
  if (!isObject(value)) return false;
  const { listen, made } = value;
  return isText(listen) && isAbsolute(listen) && typeof made === 'string' && TIME.test(made);
}

function isAssignment(value: unknown): value is Assignment {
  if (!isObject(value)) return false;
  const { id, select, made, controller, port, slower, also, hold, ask } = value;
  return (
    isInteger(id, 1, Number.MAX_SAFE_INTEGER) &&
    isText(select) &&
    typeof made === 'string' &&
    TIME.test(made) &&
    (controller === undefined || isText(controller)) &&
    (port === undefined || isText(port)) &&
    (slower === undefined || slower === 'refuse' || slower === 'allow') &&
    (also === undefined || (Array.isArray(also) && also.every(isAlso))) &&
    (hold === undefined || isInteger(hold, HOLD.least, HOLD.most)) &&
    (ask === undefined || ask === true)
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST && !value.includes('\0');
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isAlso(value: unknown): boolean {
  return typeof value === 'string' && alsoIdentityOf(value) === value;
}
