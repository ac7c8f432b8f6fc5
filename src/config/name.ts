import { basename, extname } from 'node:path';

/** @returns the VM's default name from its file's name, and whether it is safe as a folder name */
export function defaultName(path: string): { readonly name: string; readonly valid: boolean } {
  const name = basename(path, extname(path));
  return { name, valid: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) };
}

/** @returns the format of an image by its name alone; its contents must not decide, because the guest can write them */
export function formatOf(file: string): 'qcow2' | 'raw' {
  return /\.qcow2$/i.test(file) ? 'qcow2' : 'raw';
}

/** @returns the default machine: q35 on x86, else `virt`, which Arm, RISC-V and LoongArch have */
export function defaultMachine(binary: string): string {
  return /x86_64|i386|kvm/.test(basename(binary)) || !basename(binary).startsWith('qemu-system-') ? 'q35' : 'virt';
}
