import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../../src/base/index.js';
import { ClaimStore } from '../../../src/registry/index.js';
import { readDevices, usbDevices } from './devices.js';

/** The state of the lab that no check may leave changed: one line of text per thing. */
export type Picture = ReadonlyMap<string, string>;

/** Folders in which every new file counts. `/run/lab/written` has all that was written on the root since the boot. */
const folders = ['/run', '/dev/shm', '/var/lib/qplug/journal'];

function listFiles(folder: string, into: Map<string, string>): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) listFiles(path, into);
    else if (/\/qplug\/claims\.db(-\w+)?$/.test(path)) continue;
    else into.set(`file ${path.replace('/run/lab/written', '')}`, entry.isSocket() ? 'a socket' : 'a file');
  }
}

/** Devices that belong to running VMs. The next command gives back those of a VM that has ended. */
function listClaims(into: Map<string, string>): void {
  using store = new ClaimStore('/run/qplug');
  for (const { device, owner, state } of store.list()) {
    if (owner.process === undefined || isAlive(owner.process)) into.set(`claim of ${owner.vm} on ${device}`, state);
  }
}

/** All processes except kernel threads, which have no command line. */
function listProcesses(into: Map<string, string>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = readIfThere(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
    if (words !== '') into.set(`process ${pid}`, words);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The driver of a device or interface; `usbfs` is a program that has claimed it. */
function driverOf(name: string): string {
  try {
    return (
      readlinkSync(join(usbDevices, name, 'driver'))
        .split('/')
        .at(-1) ?? ''
    );
  } catch {
    return 'no driver';
  }
}

/** Takes the picture, without root hubs: they come with the modules of the gadgets, and stay. */
export function takePicture(): Picture {
  const picture = new Map<string, string>();
  for (const folder of folders) listFiles(folder, picture);
  listClaims(picture);
  listProcesses(picture);
  for (const device of readDevices()) picture.set(`device ${device.name}`, `${device.id} at ${device.speed} Mb/s`);
  for (const name of readdirSync(usbDevices).filter((one) => !/^usb|-0:/.test(one)))
    picture.set(`driver of ${name}`, driverOf(name));
  return picture;
}

/** The differences, in words; empty if there are none. */
export function differences(before: Picture, after: Picture): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: was ${before.get(key) ?? 'not there'}, is ${after.get(key) ?? 'gone'}`);
}

/**
 * Deletes the saved places of VMs' devices, which qplug keeps on purpose, and the claims of VMs that have ended, which the next command
 * would report. So each check begins as if no VM had run. The database itself stays, because checks in this process have it open.
 */
export function forgetVms(): void {
  rmSync('/var/lib/qplug/places', { recursive: true, force: true });
  using store = new ClaimStore('/run/qplug');
  if (store.isUnused) return;
  store.change(store.list(), () => undefined);
  for (const suspension of store.suspensions.list()) store.suspensions.remove(suspension);
}

/** Ends leftover processes and makes the kernel bind missing drivers, so that the next check starts clean. */
export function mend(before: Picture, after: Picture): void {
  for (const [key, now] of after) {
    const pid = /^process (\d+)$/.exec(key)?.[1];
    if (pid !== undefined && !before.has(key)) attempt(() => process.kill(Number(pid), 'SIGKILL'));
    const bare = /^driver of (.*)$/.exec(key)?.[1];
    if (bare !== undefined && now !== before.get(key)) attempt(() => writeFileSync('/sys/bus/usb/drivers_probe', bare));
  }
}

function attempt(act: () => unknown): void {
  try {
    act();
  } catch {
    // it ended, or was pulled, by itself meanwhile
  }
}
