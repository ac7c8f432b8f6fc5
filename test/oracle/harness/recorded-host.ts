import { readFileSync, statSync } from 'node:fs';
import { parseRecording, recordedSysfs, type SysfsReader } from '../../../src/host/index.js';

/** @returns the host of a recording in that file */
export function recordedHost(path: string): SysfsReader {
  return recordedSysfs(parseRecording(readFileSync(path, 'utf8'), path));
}

/** @returns the host of the recording that is in that file at each moment; a change replaces the file */
export function livingHost(path: string): SysfsReader {
  let [ino, reader] = [statSync(path).ino, recordedHost(path)];
  const now = (): SysfsReader => {
    const { ino: is } = statSync(path);
    if (is !== ino) [ino, reader] = [is, recordedHost(path)];
    return reader;
  };
  return new Proxy(reader, { get: (_, name) => Reflect.get(now(), name) as unknown });
}
