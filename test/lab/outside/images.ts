import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { findKernel, type Kernel, labCache, labSources } from './folders.js';

/** Files to boot. */
export interface Images {
  kernel: Kernel;
  /** The kernel itself, not compressed. */
  vmlinux: string;
  /** The initramfs of the lab. */
  host: string;
  /** The initramfs of a guest inside the lab. */
  guest: string;
}

const usbHost = ['xhci_pci', 'ehci_pci', 'uhci_hcd', 'ohci_pci', 'usb_storage', 'usbhid', 'hid_generic', 'sd_mod'];

const contents = {
  // unix_diag: finds the process at the other end of a connection (ss)
  host: ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_console', 'configfs', 'unix_diag', ...usbHost],
  guest: usbHost,
} as const;

/** Files that one module needs, in the order in which to load them, itself last. Built-in ones have none. */
function moduleFiles(kernel: Kernel, module: string): string[] {
  const argv = ['-d', kernel.folder, '-S', kernel.release, '--show-depends', module];
  const lines = execFileSync('/sbin/modprobe', argv, { encoding: 'utf8' }).split('\n');
  // the path may have blanks; parameters may follow it
  return lines.flatMap((line) => /^insmod (.+?\.ko(?:\.xz)?)(?:\s.*)?$/.exec(line)?.[1] ?? []);
}

/** Copies a module into a folder, uncompressed, because busybox needs that. Debian packs them with xz since 13. @returns its name there */
function layModule(file: string, folder: string): string {
  const name = basename(file, '.xz');
  if (name === basename(file)) copyFileSync(file, join(folder, name));
  else writeFileSync(join(folder, name), execFileSync('xz', ['-dc', file], { maxBuffer: 1 << 28 }));
  return name;
}

/** Packs one initramfs: busybox, the init script, the modules and the order in which they are loaded. */
function pack(kernel: Kernel, name: keyof typeof contents, target: string): void {
  const tree = mkdtempSync(join(labCache, 'packing-'));
  try {
    for (const folder of ['bin', 'modules']) mkdirSync(join(tree, folder));
    copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
    copyFileSync(join(labSources, `outside/${name}-init.sh`), join(tree, 'init'));
    chmodSync(join(tree, 'init'), 0o755);
    const files = [...new Set(contents[name].flatMap((module) => moduleFiles(kernel, module)))];
    const names = files.map((file) => layModule(file, join(tree, 'modules')));
    writeFileSync(join(tree, 'modules/order'), names.map((name) => `${name}\n`).join(''));
    // Not compressed: unpacking it would cost the emulated processor more than reading it.
    execFileSync(
      'sh',
      ['-c', 'find . | LC_ALL=C sort | cpio --quiet -o -H newc > ../packed-$$ && mv ../packed-$$ "$0"', target],
      {
        cwd: tree,
      },
    );
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/**
 * The images for the kernel of the cache; packs them when their ingredients have changed.
 *
 * @throws Error when there is no kernel yet, or a tool is missing
 */
export function buildImages(): Images {
  const kernel = findKernel();
  const ingredients = createHash('sha256').update(kernel.release).update(JSON.stringify(contents));
  for (const file of ['host-init.sh', 'guest-init.sh', 'images.ts'])
    ingredients.update(readFileSync(join(labSources, 'outside', file)));
  ingredients.update(readFileSync('/bin/busybox'));
  const folder = join(labCache, `images-${ingredients.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    const work = mkdtempSync(join(labCache, 'building-'));
    for (const name of ['host', 'guest'] as const) pack(kernel, name, join(work, name));
    const isOld = (name: string): boolean => name.startsWith('images-') && name !== basename(folder);
    for (const old of readdirSync(labCache).filter(isOld))
      rmSync(join(labCache, old), { recursive: true, force: true });
    try {
      renameSync(work, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
      rmSync(work, { recursive: true }); // another boot was faster, and its QEMU may be reading there
    }
  }
  return {
    kernel,
    vmlinux: join(kernel.folder, 'boot/vmlinux'),
    host: join(folder, 'host'),
    guest: join(folder, 'guest'),
  };
}
