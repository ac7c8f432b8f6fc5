import { FULL, HIGH, LOW, type Speed, type SpeedMask, SUPER, speedsIn } from '../speed.js';

/**
 * What an emulated device needs besides a port. `scsi`: it is useless until a `scsi-hd` or `scsi-cd` is on its bus. `card`: it works
 * alone, but is of use only with a `ccid-card-*` on its bus. `hardware`: it looks for a device of the host.
 */
export type Backend = 'drive' | 'chardev' | 'netdev' | 'audiodev' | 'rootdir' | 'scsi' | 'card' | 'hardware' | 'x509';

/**
 * When QEMU attaches a device that is hot-plugged. `at-once`: in `device_add`, which fails when the port is too slow for it. `chardev`:
 * while the other end of its chardev is connected. `by-hand`: when somebody sets its `attached`, after adding its disks; a speed
 * mismatch shows only then, and `attached` in `device_add` makes QEMU abort (hw/usb/dev-storage-bot.c, dev-uas.c). `peer`: when
 * a peer announces a device, which decides the speeds (`redirSpeeds`); QMP does not report a mismatch.
 */
export type AttachMoment = 'at-once' | 'chardev' | 'by-hand' | 'peer';

/** An emulated USB device of QEMU. */
export interface EmulatedModel {
  readonly driver: string;
  /** All speeds at which it attaches; `usb_version=1` narrows those of the HID devices. */
  readonly mask: SpeedMask;
  /** The backend that it needs, and the property that names it (undefined for children on its own bus). */
  readonly needs: Backend | undefined;
  readonly backendProperty: string | undefined;
  /** Has the property `usb_version`: 1 or 2 (hw/usb/dev-hid.c). */
  readonly hasUsbVersion: boolean;
  readonly attaches: AttachMoment;
  /** Whether `-device` alone makes a working device: false for usb-bot and usb-uas, which need children, and for usb-redir. */
  readonly launchable: boolean;
  /** QEMU refuses snapshots and migration while it is there. */
  readonly blocksMigration: boolean;
}

function model(driver: string, mask: SpeedMask, more: Partial<EmulatedModel> = {}): EmulatedModel {
  return {
    driver,
    mask,
    needs: undefined,
    backendProperty: undefined,
    hasUsbVersion: false,
    attaches: 'at-once',
    launchable: true,
    blocksMigration: false,
    ...more,
  };
}

const needs = (backend: Backend, property: string | undefined = backend): Partial<EmulatedModel> => ({
  needs: backend,
  backendProperty: property,
});

/** The emulated devices that qplug knows; masks from the descriptors in hw/usb/dev-*.c. */
export const EMULATED_MODELS: readonly EmulatedModel[] = [
  model('usb-tablet', FULL | HIGH, { hasUsbVersion: true }),
  model('usb-mouse', FULL | HIGH, { hasUsbVersion: true }),
  model('usb-kbd', FULL | HIGH, { hasUsbVersion: true }),
  model('usb-storage', FULL | HIGH | SUPER, needs('drive')),
  model('usb-bot', FULL | HIGH | SUPER, { ...needs('scsi', undefined), launchable: false, attaches: 'by-hand' }),
  // It has no full-speed descriptor, so it attaches neither on UHCI or OHCI nor behind a hub.
  model('usb-uas', HIGH | SUPER, {
    ...needs('scsi', undefined),
    launchable: false,
    attaches: 'by-hand',
    blocksMigration: true,
  }),
  model('usb-mtp', FULL | HIGH, { ...needs('rootdir'), blocksMigration: true }),
  model('usb-hub', FULL),
  model('usb-serial', FULL, { ...needs('chardev'), attaches: 'chardev', blocksMigration: true }),
  model('usb-braille', FULL, { ...needs('chardev'), attaches: 'chardev', blocksMigration: true }),
  model('usb-net', FULL, { ...needs('netdev'), blocksMigration: true }),
  model('usb-audio', FULL, { ...needs('audiodev'), blocksMigration: true }),
  model('usb-ccid', FULL, needs('card', undefined)),
  model('usb-wacom-tablet', FULL, { blocksMigration: true }),
  model('u2f-passthru', FULL, needs('hardware', 'hidraw')),
  model('u2f-emulated', FULL, needs('x509', 'dir')),
  model('canokey', FULL | HIGH),
  // Any speed: the device that the peer announces decides.
  model('usb-redir', LOW | FULL | HIGH | SUPER, { ...needs('chardev'), launchable: false, attaches: 'peer' }),
];

const BY_DRIVER: ReadonlyMap<string, EmulatedModel> = new Map(EMULATED_MODELS.map((one) => [one.driver, one]));

/** @returns an emulated device by its QOM type, or undefined when qplug knows none of that name */
export function emulatedModel(driver: string): EmulatedModel | undefined {
  return BY_DRIVER.get(driver);
}

/**
 * The speeds of an emulated device, from its descriptors (hw/usb/dev-*.c, as in hw/usb/dev-hid.c).
 *
 * @param properties - those that it will be made with; only `usb_version` matters here
 * @returns the speeds at which an emulated device attaches, and the best of them; undefined for an unknown driver
 */
export function emulatedMask(
  driver: string,
  properties: Readonly<Record<string, unknown>> & { readonly usb_version?: unknown } = {},
): { readonly mask: SpeedMask; readonly native: Speed } | undefined {
  const found = BY_DRIVER.get(driver);
  if (found === undefined) return undefined;
  const mask = found.hasUsbVersion && Number(properties.usb_version ?? 2) === 1 ? FULL : found.mask;
  const native = speedsIn(mask).at(-1);
  return native === undefined ? undefined : { mask, native };
}
