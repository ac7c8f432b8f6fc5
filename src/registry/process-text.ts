import type { ProcessIdentity } from '../base/index.js';

/** @returns who a process is as a column holds it */
export function textOf(process: ProcessIdentity | undefined): string | null {
  return process === undefined ? null : `${process.pid} ${process.startTime} ${process.bootId}`;
}

/** The reverse. */
export function processOf(value: string | null | undefined): ProcessIdentity | undefined {
  if (value == null) return undefined;
  const [pid, startTime, bootId = ''] = value.split(' ');
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}
