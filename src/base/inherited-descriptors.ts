import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** `O_CLOEXEC` in /proc/PID/fdinfo, the same on all architectures of Node.js (proc_pid_fdinfo(5), fs/proc/fd.c). */
const CLOSES_ON_EXEC = 0o2000000;

/** A program gets stdin, stdout and stderr; it gets further descriptors only if qplug passes them. */
const FIRST_BEYOND = 3;

/**
 * Lists the descriptors of this process that a started program would inherit unintentionally: those that qplug's caller left open
 * (`exec 200>lock` in a shell). Node.js opens its own with close-on-exec (libuv), and marks the first 16 of its caller's
 * (uv_disable_stdio_inheritance), but no further ones, and it can't mark a descriptor afterwards.
 *
 * @returns their numbers, ascending; none if /proc can't be read
 */
export function inheritedDescriptors(): number[] {
  return openDescriptors()
    .filter((fd) => fd >= FIRST_BEYOND && staysOpen(fd))
    .sort((a, b) => a - b);
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch (error) {
    throwIfShort(error);
    return [];
  }
}

function staysOpen(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSES_ON_EXEC) === 0;
  } catch (error) {
    throwIfShort(error);
    // closed since, as the descriptor of the folder itself is
    return false;
  }
}

/** Variables that load code into Node.js, which may own a descriptor: V8 opens the files of its `--perf-…` by fopen. */
const FOREIGN = ['NODE_OPTIONS', 'LD_PRELOAD', 'LD_AUDIT'];

/**
 * Closes the descriptors that this process inherited, so that neither it nor a started program keeps a lock or a file that the caller has
 * released. Only a program may call this, at its start: a library must not close descriptors of its process.
 *
 * Leaves open a descriptor that a word names (`/dev/fd/63`, which `<(…)` of a shell creates), and leaves all open if other code may have
 * opened some: Node.js has options of its own, or a channel to its parent. Started programs do not get those either: see `startProgram`.
 *
 * @param words - of the command line
 * @param kept - descriptors that this process was given on purpose
 */
export function closeInherited(words: readonly string[], kept: readonly number[] = []): void {
  const mayBeForeign = process.execArgv.length > 0 || FOREIGN.some((name) => process.env[name]);
  if (mayBeForeign || process.channel != null) return;
  const named = new Set(words.flatMap((word) => [...word.matchAll(/\/fd\/(\d+)/g)].map(([, fd]) => Number(fd))));
  for (const fd of inheritedDescriptors()) if (!named.has(fd) && !kept.includes(fd)) closeSync(fd);
}
