import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureQemuRelease, qemuCommand } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';
import { folder } from './own-host.js';

/** @returns the path of a program that is a QEMU 7.2 whose libusb is the stand-in */
export async function standInQemu(): Promise<string> {
  const found = await ensureQemuRelease('7.2');
  const library = ensureStandIn((line) => process.stderr.write(`${line}\n`));
  const variables = {
    ...found.env,
    USB_STAND_IN_DEVICES: join(folder, 'devices'),
    USB_STAND_IN_LOG: join(folder, 'log'),
  };
  const words = qemuCommand(found, { librariesFirst: [library] }).map((word) => `'${word}'`);
  const settings = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  const path = join(folder, 'qemu.sh');
  writeFileSync(path, ['#!/bin/sh', ...settings, `exec ${words.join(' ')} "$@"`, ''].join('\n'), { mode: 0o755 });
  return path;
}
