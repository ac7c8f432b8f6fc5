import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, QplugError } from '../../../../src/diag/index.js';
import { decodeHostFile, type HostDevice, type HostInventory } from '../../../../src/host/index.js';
import { NO_IDS } from '../recordings.js';

const FOLDER = join(import.meta.dirname, '../../../fixtures/host-files');

/** The same machine of the lab, told in every way (test/lab/hosts.ts, `standardHost`). */
export const LAB_FILES: readonly string[] = [
  'lab-listing.txt',
  'lab-usb-devices.txt',
  'lab-lsusb.txt',
  'lab-sysfs.tgz',
  'lab-devices.json',
];

/** Listings from bug reports of twenty years. */
export const OLD_FILES: readonly string[] = [
  'linux-2.2-scanner.txt',
  'linux-3.16-laptop.txt',
  'quoted-mail.txt',
  'usb-devices-001.txt',
  'usb-devices-012.txt',
];

export function fixturePath(name: string): string {
  return join(FOLDER, name);
}

export function fixture(name: string): Buffer {
  return readFileSync(join(FOLDER, name));
}

/** @param content - text or bytes of a file that is called `host` */
export function decode(content: string | Uint8Array): HostInventory {
  return decodeHostFile(typeof content === 'string' ? Buffer.from(content) : content, 'host', NO_IDS);
}

/** Hubs too, in their order. */
export function all({ devices, hubs }: HostInventory): readonly HostDevice[] {
  return [...hubs, ...devices];
}

export function deviceAt(inventory: HostInventory, port: string): HostDevice {
  const found = all(inventory).find((one) => one.port === port);
  if (found === undefined) throw new Error(`nothing at ${port}: ${all(inventory).map((one) => one.port)}`);
  return found;
}

/** What is said of the lines: `LINE:COLUMN PROBLEM`. */
export function lineFindings({ findings = [] }: { readonly findings?: readonly Finding[] | undefined }): string[] {
  return findings.flatMap((found) =>
    found.code === 'host-file-line'
      ? [`${found.location?.line}:${found.location?.column} ${found.evidence.problem}`]
      : [],
  );
}

/** The error that an act throws. */
export function refusal(act: () => unknown): QplugError {
  try {
    act();
  } catch (error) {
    if (error instanceof QplugError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
