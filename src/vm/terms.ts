import type { HostDeviceWish, VmFile } from '../config/index.js';
import { type HostDevice, type HostInventory, isMeantBy } from '../host/index.js';
import type { Terms } from './wanted.js';

/** What was typed of a device's place; the rest its file may say. */
export interface Typed {
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  readonly slower?: 'refuse' | 'allow' | undefined;
}

export function typedTerms({ slower, controller, port }: Typed): Terms {
  return { mandatory: true, slower: slower ?? 'refuse', controller, port };
}

/** What was typed counts first; then what the VM's file says of the device, so that it lands where it would at the next start. */
export function termsFor(device: HostDevice, typed: Typed, file: VmFile | undefined, inventory: HostInventory): Terms {
  const terms = typedTerms(typed);
  const wish = wishFor(device, file, inventory);
  if (wish === undefined) return terms;
  const pinned = terms.controller !== undefined || terms.port !== undefined;
  return {
    ...terms,
    slower: typed.slower ?? wish.slower,
    ...(pinned ? {} : { controller: wish.controller, port: wish.port }),
  };
}

/** @returns what the VM's file says of a host device */
export function wishFor(
  device: HostDevice,
  file: VmFile | undefined,
  inventory: HostInventory,
): HostDeviceWish | undefined {
  return file?.usb.devices.find(
    (one): one is HostDeviceWish => one.kind === 'host' && isMeantBy(one.select, device, inventory),
  );
}
