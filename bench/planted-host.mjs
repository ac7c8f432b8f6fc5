/** Writes a recorded sysfs as real files, to measure whole processes on a host that has no USB. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * @param recording - path of a file of test/fixtures/sysfs
 * @returns the words that run a command in a mount namespace where that recording is /sys
 */
export function onPlantedHost(recording) {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-bench-'));
  const { sys } = JSON.parse(readFileSync(recording, 'utf8'));
  for (const [path, entry] of Object.entries(sys)) {
    // devices are links into the tree of devices; the recording has their files under the name of the link
    const at = join(folder, path);
    const isDevice = entry.link !== undefined && Object.keys(sys).some((other) => other.startsWith(`${path}/`));
    const place = isDevice ? join(dirname(at), entry.link) : real(folder, path, sys);
    mkdirSync(isDevice ? place : dirname(place), { recursive: true });
    // the recording may have the same file under several paths
    if (!isDevice && lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue;
    if (isDevice) {
      mkdirSync(dirname(at), { recursive: true });
      if (lstatSync(at, { throwIfNoEntry: false }) === undefined) symlinkSync(entry.link, at);
    } else if (entry.link !== undefined) symlinkSync(entry.link, place);
    else writeFileSync(place, entry.text ?? Buffer.from(entry.base64, 'base64'));
  }
  return { folder, prefix: ['unshare', '--mount', 'sh', '-c', `mount --bind '${folder}' /sys && exec "$@"`, 'sh'] };
}

/** @returns the real path of a file of a device, behind the device's link */
function real(folder, path, sys) {
  const [, device = '', rest = ''] = /^(bus\/usb\/devices\/[^/]+)\/(.*)$/s.exec(path) ?? [];
  const link = sys[device]?.link;
  return link === undefined ? join(folder, path) : join(folder, dirname(device), link, rest);
}
