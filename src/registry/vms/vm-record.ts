import type { ProcessIdentity } from '../../base/index.js';

/** The record of a VM that qplug started, for as long as it exists. One JSON file in the VM's folder. */
export interface VmRecord {
  readonly format: 1;
  readonly name: string;
  /** The VM file, absolute. */
  readonly file: string;
  readonly binary: string;
  /** Monitor for qplug, monitor for the VM's owner. */
  readonly sockets: { readonly qplug: string; readonly owner: string };
  /** QEMU's output. */
  readonly log: string;
  /** An empty file: QEMU's standard input, by which qplug finds its process. Absent in records of older releases. */
  readonly startMark?: string | undefined;
  /** The qplug process that starts it; the VM belongs to it until `qemu` is set. */
  readonly launcher: ProcessIdentity;
  /** QEMU itself, after its start. */
  readonly qemu: ProcessIdentity | undefined;
  /** ISO 8601 */
  readonly created: string;
}

/** @returns the record in a JSON text, or undefined if it is not one (incomplete, another format) */
export function parseVmRecord(text: string): VmRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isVmRecord(value) ? value : undefined;
}

function isVmRecord(value: unknown): value is VmRecord {
  const record = value as Partial<VmRecord> | null;
  return (
    typeof record === 'object' &&
    record !== null &&
    record.format === 1 &&
    typeof record.name === 'string' &&
    typeof record.file === 'string' &&
    typeof record.sockets?.qplug === 'string' &&
    typeof record.sockets.owner === 'string' &&
    typeof record.log === 'string' &&
    typeof record.binary === 'string' &&
    (record.startMark === undefined || typeof record.startMark === 'string') &&
    typeof record.created === 'string' &&
    isIdentity(record.launcher) &&
    (record.qemu === undefined || isIdentity(record.qemu))
  );
}

/** @returns whether a value of a record is a process identity */
export function isIdentity(value: Partial<ProcessIdentity> | null | undefined): boolean {
  return (
    typeof value?.pid === 'number' &&
    typeof value.startTime === 'number' &&
    typeof value.bootId === 'string' &&
    (value.pidNamespace === undefined || typeof value.pidNamespace === 'number')
  );
}
