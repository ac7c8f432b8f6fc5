import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureStandIn } from '../../../scripts/usb-stand-in.mjs';
import { readInventory, type SysfsReader } from '../../../src/host/index.js';
import { standInFile } from './stand-in-device.js';
import { standInOf } from './stand-in-of.js';

/**
 * Makes a program with the name of this machine's QEMU, which runs it on a host with the devices of a recording.
 *
 * @param folder - gets the program, its list of devices and its log
 * @param sysfs - the recording
 * @returns a PATH with the program's folder in front
 */
export function standInQemu(folder: string, sysfs: SysfsReader): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(folder, 'devices'), standInFile(readInventory(sysfs).devices.map(standInOf)));
  const qemu = join(bin, 'qemu-system-x86_64');
  writeFileSync(
    qemu,
    `#!/bin/sh
export LD_LIBRARY_PATH='${ensureStandIn((line) => console.log(line))}'
export USB_STAND_IN_DEVICES='${folder}/devices' USB_STAND_IN_LOG='${folder}/log'
PATH='${process.env['PATH']}' exec qemu-system-x86_64 "$@"
`,
  );
  chmodSync(qemu, 0o755);
  return `${bin}:${process.env['PATH']}`;
}
