import {
  type DriverControl,
  type HostFiles,
  type HostInventory,
  type NodeRights,
  readInventory,
  type SysfsReader,
} from '../host/index.js';
import type { ClaimStore, Journal, PlaceStore, SnapshotStore, VmRegistry } from '../registry/index.js';

/** The host as the engine sees it. Tests give recorded trees and folders of their own. */
export interface HostAccess {
  readonly sysfs: SysfsReader;
  readonly drivers: DriverControl;
  /** Gives the nodes of devices to QEMUs of other users; undefined: that is not for us. */
  readonly nodes?: NodeRights | undefined;
  readonly registry: VmRegistry;
  /** Whose each device is. */
  readonly claims: ClaimStore;
  /** What is being done to VMs. */
  readonly journal: Journal;
  /** Where the devices of VMs were; undefined: nothing is remembered. */
  readonly places?: PlaceStore | undefined;
  /** What the USB trees of saved states were; undefined: none is kept. */
  readonly snapshots?: SnapshotStore | undefined;
  /** What tells why the host needs a device; undefined: nothing is guarded. */
  readonly files?: HostFiles | undefined;
  /** The host's policy, and who asks; undefined: there is none. */
  readonly policy?: { readonly path: string; readonly uid: number; readonly gids: readonly number[] } | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @returns all USB devices of the host, now */
export function inventoryOf(host: HostAccess): HostInventory {
  return readInventory(host.sysfs);
}
