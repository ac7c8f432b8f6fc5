import type { VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { Capabilities } from '../../qdev/index.js';

/**
 * What QEMU denies itself, once it has started, for good (softmmu/qemu-seccomp.c): system calls that nothing new uses; setuid and the
 * like, and rights by starting a program that has them; starting programs at all; its own priority and processors.
 */
const DENIED = ['obsolete', 'elevateprivileges', 'spawn', 'resourcecontrol'];

/** @returns whether a file wants QEMU's sandbox: where it does not say, when QEMU runs as another user */
export function wantsSandbox({ qemu: { sandbox, user } }: VmFile): boolean {
  return sandbox ?? user !== undefined;
}

/**
 * @param capabilities - what that QEMU said of itself; undefined where it said nothing
 * @returns the value of `-sandbox`, or undefined where it is not wanted, or this build has none
 */
export function sandboxOption(vm: VmFile, capabilities: Capabilities | undefined): string | undefined {
  if (!wantsSandbox(vm)) return undefined;
  const known = capabilities?.sandbox ?? new Set(vm.qemu.sandbox === true ? DENIED : []);
  const denied = DENIED.filter((what) => known.has(what));
  return denied.length === 0 ? undefined : ['on', ...denied.map((what) => `${what}=deny`)].join(',');
}

/** @returns that a sandbox is wanted which this build does not have: an error where the file says so itself */
export function checkSandbox(vm: VmFile, binary: string, capabilities: Capabilities | undefined): Finding[] {
  if (!wantsSandbox(vm) || capabilities?.sandbox?.size !== 0) return [];
  const severity = vm.qemu.sandbox === true ? 'error' : 'warning';
  return [finding('qemu-no-sandbox', { binary }, { severity, location: vm.locate(['qemu', 'sandbox']) })];
}
