import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { labCache } from './folders.js';

const logs = join(labCache, 'logs');

/** How many folders of failed runs are kept. */
const kept = 8;

/**
 * A new folder for one boot, named for the suite and the moment; the oldest ones are removed.
 *
 * @param title - of the suite
 */
export function newLogFolder(title: string): string {
  mkdirSync(logs, { recursive: true });
  for (const old of readdirSync(logs).sort().slice(0, -kept)) rmSync(join(logs, old), { recursive: true, force: true });
  const moment = new Date().toISOString().replace(/\D/g, '').slice(0, 17);
  const folder = join(logs, `${moment}-${title.replace(/\W+/g, '-').toLowerCase()}`);
  mkdirSync(folder);
  return folder;
}

/** Removes the disk images from a folder that stays: they are large, and tell nothing about the failure. */
export function slimLogs(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.img'))) rmSync(join(folder, name));
}
