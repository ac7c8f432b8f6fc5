import type { VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { Capabilities } from '../../qdev/index.js';

/**
 * The actions that QEMU denies itself for good after its start (softmmu/qemu-seccomp.c): obsolete system calls; setuid and the like, and
 * privileges gained by starting a program; starting programs at all; changing its own priority and processors.
 */
const DENIED = ['obsolete', 'elevateprivileges', 'spawn', 'resourcecontrol'];

/** @returns whether a file wants QEMU's sandbox; default: if QEMU runs as another user */
export function wantsSandbox({ qemu: { sandbox, user } }: VmFile): boolean {
  return sandbox ?? user !== undefined;
}

/**
 * @param capabilities - QEMU's answers about itself; undefined if there are none
 * @returns the value of `-sandbox`, or undefined if the file does not want it, or this build has none
 */
export function sandboxOption(vm: VmFile, capabilities: Capabilities | undefined): string | undefined {
  if (!wantsSandbox(vm)) return undefined;
  const known = capabilities?.sandbox ?? new Set(vm.qemu.sandbox === true ? DENIED : []);
  const denied = DENIED.filter((what) => known.has(what));
  return denied.length === 0 ? undefined : ['on', ...denied.map((what) => `${what}=deny`)].join(',');
}

/** @returns the finding that this build lacks the wanted sandbox: an error if the file itself requests it */
export function checkSandbox(vm: VmFile, binary: string, capabilities: Capabilities | undefined): Finding[] {
  if (!wantsSandbox(vm) || capabilities?.sandbox?.size !== 0) return [];
  const severity = vm.qemu.sandbox === true ? 'error' : 'warning';
  return [finding('qemu-no-sandbox', { binary }, { severity, location: vm.locate(['qemu', 'sandbox']) })];
}
