import { type DriverProbe, type HostInventory, readInventory, type SysfsReader } from '../host/index.js';
import type { PlaceStore, VmRegistry } from '../registry/index.js';

/** The host as the engine sees it. Tests give recorded trees and folders of their own. */
export interface HostAccess {
  readonly sysfs: SysfsReader;
  readonly driverProbe: DriverProbe;
  readonly registry: VmRegistry;
  /** Where the devices of VMs were; undefined: nothing is remembered. */
  readonly places?: PlaceStore | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @returns all USB devices of the host, now */
export function inventoryOf(host: HostAccess): HostInventory {
  return readInventory(host.sysfs);
}
