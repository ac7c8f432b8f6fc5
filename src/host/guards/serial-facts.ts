import { type HostFiles, trimmed } from './host-files.js';

/** Which terminals are consoles. */
export interface ConsoleFacts {
  /** Names of /sys/class/tty/console/active: where the kernel prints. */
  readonly active: ReadonlySet<string>;
  /** Names from `console=` on the kernel command line, whether these terminals exist or not. */
  readonly commandLine: ReadonlySet<string>;
}

/** @param ttys - of the USB devices; if there are none, nothing is read */
export function readConsoles(files: HostFiles, ttys: readonly string[]): ConsoleFacts {
  if (ttys.length === 0) return { active: new Set(), commandLine: new Set() };
  const active = trimmed(files, '/sys/class/tty/console/active') ?? '';
  const words = (files.text('/proc/cmdline') ?? '').split(/\s+/);
  const named = words.flatMap((word) => /^console=([^,]+)/.exec(word)?.[1] ?? []);
  return { active: new Set(active.split(/\s+/)), commandLine: new Set(named) };
}

/** Programs that wait for a login on a terminal: util-linux, busybox, fbgetty, mingetty. */
export function isGetty(name: string): boolean {
  return /^([a-z]*getty|login)$/.test(name);
}
