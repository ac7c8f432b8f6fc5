import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** `O_CLOEXEC` as /proc/PID/fdinfo tells it, the same on all of Linux that Node runs on (proc_pid_fdinfo(5), fs/proc/fd.c). */
const CLOSES_ON_EXEC = 0o2000000;

/** stdin, stdout and stderr are meant for a program; nothing beyond them is, unless somebody says so. */
const FIRST_BEYOND = 3;

/**
 * The descriptors of this process that a program it starts would get without being given them: those that whoever started this process left
 * open (`exec 200>lock` in a shell). Node opens its own so that they close (libuv), and closes the first 16 of its caller's
 * (uv_disable_stdio_inheritance), but not those beyond, and it can't mark a descriptor afterwards.
 *
 * @returns their numbers, ascending; none where /proc can't be read
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
    // closed since: that of the folder itself is
    return false;
  }
}

/** Where Node is changed from outside, a descriptor may be of what was loaded into it: V8 opens the files of its `--perf-…` by fopen. */
const FOREIGN = ['NODE_OPTIONS', 'LD_PRELOAD', 'LD_AUDIT'];

/**
 * Closes what this process was left by its caller, so that neither it nor what it starts keeps a lock or a file that the caller has given
 * up. For a program's first moment alone: a library closes nothing of the process that it is a part of.
 *
 * Left open are descriptors that a word names (`/dev/fd/63`, which `<(…)` of a shell makes), and all where others than us may have opened
 * some: Node has options of its own, or a channel to its parent. No program that is started gets those either: see `startProgram`.
 *
 * @param words - of the command line
 */
export function closeInherited(words: readonly string[]): void {
  const mayBeForeign = process.execArgv.length > 0 || FOREIGN.some((name) => process.env[name]);
  if (mayBeForeign || process.channel != null) return;
  const named = new Set(words.flatMap((word) => [...word.matchAll(/\/fd\/(\d+)/g)].map(([, fd]) => Number(fd))));
  for (const fd of inheritedDescriptors()) if (!named.has(fd)) closeSync(fd);
}
