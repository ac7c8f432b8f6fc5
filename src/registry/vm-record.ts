import type { ProcessIdentity } from '../base/index.js';

/** What is remembered of a VM that qplug launched, for as long as it lives. One JSON file in the VM's own folder. */
export interface VmRecord {
  readonly format: 1;
  readonly name: string;
  /** The VM file, absolute. */
  readonly file: string;
  readonly binary: string;
  /** Monitor for qplug, monitor for the VM's owner. */
  readonly sockets: { readonly qplug: string; readonly owner: string };
  /** What QEMU prints. */
  readonly log: string;
  /** Empty, and QEMU's standard input: tells which process was started; an older qplug has not written it. */
  readonly startMark?: string | undefined;
  /** The qplug that launches it; the VM belongs to it until `qemu` is set. */
  readonly launcher: ProcessIdentity;
  /** QEMU itself, once it was started. */
  readonly qemu: ProcessIdentity | undefined;
  /** ISO 8601 */
  readonly created: string;
}

/** @returns the record in a JSON text, or undefined when it is not one (cut short, another format) */
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

/** @returns whether a value of a record says who a process is */
export function isIdentity(value: Partial<ProcessIdentity> | null | undefined): boolean {
  return (
    typeof value?.pid === 'number' &&
    typeof value.startTime === 'number' &&
    typeof value.bootId === 'string' &&
    (value.pidNamespace === undefined || typeof value.pidNamespace === 'number')
  );
}
