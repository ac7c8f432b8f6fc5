import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, type ProcessIdentity, throwIfShort } from '../../base/index.js';

/**
 * Compares the threads that a QEMU names over QMP (`thread-id` of query-cpus-fast: gettid(2) in its PID namespace) with those of a process.
 * Two QEMUs in namespaces of their own may have the same numbers, so this finds the one among several only if no other has them.
 *
 * @param threads - at least one
 * @returns whether exactly that process has all of them
 */
export function hasThreads(process: ProcessIdentity, threads: readonly number[]): boolean {
  const own = threadsOf(process.pid);
  return isAlive(process) && threads.length > 0 && threads.every((thread) => own.has(thread));
}

/** @returns the ids of the threads of a process in its own PID namespace: the last ones of NSpid (proc_pid_status(5)) */
function threadsOf(pid: number): ReadonlySet<number> {
  const folder = `/proc/${pid}/task`;
  const all = new Set<number>();
  for (const thread of listOf(folder)) {
    const ids = /^NSpid:\t([\d\t]+)$/m.exec(textOf(`${folder}/${thread}/status`))?.[1];
    if (ids !== undefined) all.add(Number(ids.split('\t').at(-1)));
  }
  return all;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throwIfShort(error);
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    throwIfShort(error);
    return '';
  }
}
