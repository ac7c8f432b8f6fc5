import { atLeast, type QemuVersion } from './version.js';

export type VersionFactName = 'ten-gigabit' | 'scsi-fallback' | 'json-devices' | 'file-migration';

/** Something that QEMU can do from one version on, and that only its version shows. */
export interface VersionFact {
  readonly since: readonly [major: number, minor: number];
  readonly what: string;
  readonly source: string;
}

/**
 * The facts that qplug looks up by version, since QEMU reports them nowhere else. What qplug can ask a QEMU for is not here, see
 * `capabilities.ts`. docs/qemu-model.md shows this table.
 */
export const VERSION_FACTS: Readonly<Record<VersionFactName, VersionFact>> = {
  'ten-gigabit': {
    since: [6, 0],
    what: 'a passed-through device of 10 Gb/s attaches, as SuperSpeed; before, nowhere',
    source: 'hw/usb/host-libusb.c, speed_map',
  },
  'scsi-fallback': {
    since: [6, 1],
    what: 'a passed-through SCSI disk may fall back to 480 and 12 Mb/s whatever its endpoints; before, one with UAS streams may not',
    source: 'hw/usb/host-libusb.c, usb_host_speed_compat',
  },
  'json-devices': {
    since: [7, 0],
    what: '`-device` as JSON makes devices that unplug cleanly',
    source: 'qapi/qdev.json, feature json-cli-hotplug',
  },
  'file-migration': {
    since: [8, 2],
    what: 'a guest can be migrated into a file (`file:PATH`)',
    source: 'migration/file.c, first released with 8.2',
  },
};

/** @returns whether a version is new enough for it */
export function hasFact(version: QemuVersion, name: VersionFactName): boolean {
  const [major, minor] = VERSION_FACTS[name].since;
  return atLeast(version, major, minor);
}
