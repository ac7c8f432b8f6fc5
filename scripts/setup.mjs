// Prepares a fresh Debian (12, 13) with node and npm for the tests. Uses only modules of Node itself, because it runs before `npm ci`.
// Each step first checks what is there, and prints nothing if there is nothing to do.
//   node scripts/setup.mjs    all steps
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages } from './apt.mjs';
import { root } from './folders.mjs';
import { ensureKernel as kernel } from './kernel.mjs';
import { NPM_FLAGS, ensureNode as node } from './node-release.mjs';
import { ensureQemuRelease, RELEASES } from './qemu-releases.mjs';
import { ensureStandIn } from './usb-stand-in.mjs';

/** Package → why the tests need it. */
const tools = {
  'qemu-system-x86': 'the lab, and the machines pc, q35 and microvm',
  'qemu-system-arm': 'the machine virt',
  'busybox-static': 'the shell of the initramfs images',
  cpio: 'packs them',
  kmod: 'modprobe and depmod: which modules go into them',
  iproute2: 'ss: the help of a busy QMP socket is tried',
  'xz-utils': 'unpacks the kernel of Debian 12, and modules',
  zstd: 'unpacks the kernel of Debian 13',
  'cryptsetup-bin': 'LUKS: a stick that is in use is tried',
  dmsetup: 'volumes of the device mapper, for the same',
  lvm2: 'LVM, for the same',
  usbutils: 'lsusb and usb-devices, whose output is read',
  e2fsprogs: 'mkfs.ext4: a disk that the host has mounted is tried',
  systemd: 'systemd-analyze and systemd-socket-activate: units and sockets are tried; nothing of it is started',
  'usb.ids': 'names of vendors and products, as people have them',
};

const say = (line) => console.log(`setup: ${line}`);

/** The Debian packages that the tests need. Throws with the line to type when this process is not root. */
export function ensureLabTools() {
  if (process.arch !== 'x64') throw new Error(`the lab is an x86-64 machine; this one is ${process.arch}`);
  ensurePackages(Object.keys(tools), say);
}

/** The lab's kernel: `{folder, release}`. */
export function ensureKernel() {
  return kernel(say);
}

/** Path of a Node 24 or 26. */
export function ensureNode(major) {
  return node(major, say);
}

/** `npm ci`, unless node_modules is at least as new as package-lock.json. npm writes its own list last, so its time decides. */
export function ensureNpmPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('installing npm packages (npm ci)');
  const { status } = spawnSync('npm', ['ci', ...NPM_FLAGS], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`npm ci ended with ${status}`);
}

/** The QEMUs of the oracle, and the stand-in for libusb below their usb-host. */
async function ensureOracle() {
  for (const { name } of RELEASES) await ensureQemuRelease(name);
  ensureStandIn(say);
}

/** All steps. */
export async function ensureAll() {
  ensureNpmPackages();
  ensureLabTools();
  ensureKernel();
  for (const major of [24, 26]) ensureNode(major);
  await ensureOracle();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await ensureAll();
    say('everything is here');
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}
