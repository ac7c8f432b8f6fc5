import { readFileSync } from 'node:fs';
import { parseRecording, recordedSysfs, type SysfsReader } from '../../../src/host/index.js';

/** @returns the host of a recording in that file */
export function recordedHost(path: string): SysfsReader {
  return recordedSysfs(parseRecording(readFileSync(path, 'utf8'), path));
}
