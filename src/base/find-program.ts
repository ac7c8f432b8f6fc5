import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { ownUid, untrusted } from './own-folder.js';
import { throwIfShort } from './shortage.js';

/** The folders of a system's programs; only root changes them. */
export const SYSTEM_FOLDERS: readonly string[] = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/sbin',
];

/**
 * Finds a program in the folders of PATH, and in those of the system. Root runs only a program that no other user can change or replace,
 * because PATH may be that of the user who ran sudo.
 *
 * @param name - without a slash
 * @param path - the value of PATH; only its absolute folders count
 * @returns its path; undefined if there is none
 */
export function findSystemProgram(name: string, path = ''): string | undefined {
  const folders = [...path.split(delimiter).filter(isAbsolute), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((file) => isProgram(file) && mayRun(file));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    throwIfShort(error);
    return false;
  }
}

/** Checks the file and its folder: another user could redirect a link in that user's folder later. */
function mayRun(file: string): boolean {
  return ownUid() !== 0 || (untrusted(dirname(file)) ?? untrusted(file)) === undefined;
}
