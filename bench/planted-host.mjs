/** A recorded sysfs as real files, so that whole processes can be measured on a host that has no USB. */
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
    // devices are links into the tree of devices: the recording has what is behind them under the link's own name
    const at = join(folder, path);
    const isDevice = entry.link !== undefined && Object.keys(sys).some((other) => other.startsWith(`${path}/`));
    const place = isDevice ? join(dirname(at), entry.link) : real(folder, path, sys);
    mkdirSync(isDevice ? place : dirname(place), { recursive: true });
    // the same file may have been recorded by several ways
    if (!isDevice && lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue;
    if (isDevice) {
      mkdirSync(dirname(at), { recursive: true });
      if (lstatSync(at, { throwIfNoEntry: false }) === undefined) symlinkSync(entry.link, at);
    } else if (entry.link !== undefined) symlinkSync(entry.link, place);
    else writeFileSync(place, entry.text ?? Buffer.from(entry.base64, 'base64'));
  }
  return { folder, prefix: ['unshare', '--mount', 'sh', '-c', `mount --bind '${folder}' /sys && exec "$@"`, 'sh'] };
}

/** @returns where a file of a device really stands, behind the device's link */
function real(folder, path, sys) {
  const [, device = '', rest = ''] = /^(bus\/usb\/devices\/[^/]+)\/(.*)$/s.exec(path) ?? [];
  const link = sys[device]?.link;
  return link === undefined ? join(folder, path) : join(folder, dirname(device), link, rest);
}
