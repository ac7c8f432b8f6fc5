import {
  type DriverControl,
  type HostFiles,
  type HostInventory,
  type NodeRights,
  readInventory,
  type SysfsReader,
} from '../host/index.js';
import type {
  AssignmentStore,
  ClaimStore,
  Journal,
  PlaceStore,
  ShareStore,
  SnapshotStore,
  VmRegistry,
} from '../registry/index.js';

/** The host, as the engine accesses it. Tests pass recorded trees and their own folders. */
export interface HostAccess {
  readonly sysfs: SysfsReader;
  readonly drivers: DriverControl;
  /** Grants device nodes to QEMUs of other users; undefined if qplug has no permission to do so. */
  readonly nodes?: NodeRights | undefined;
  readonly registry: VmRegistry;
  /** The shares of this user; undefined if there can be none. */
  readonly shares?: ShareStore | undefined;
  /** Which VM has which device. */
  readonly claims: ClaimStore;
  /** The transactions in progress. */
  readonly journal: Journal;
  /** The former places of devices; undefined if qplug remembers none. */
  readonly places?: PlaceStore | undefined;
  /** What a person assigned to VMs, and the names of adopted VMs; undefined if qplug records none. */
  readonly assignments?: AssignmentStore | undefined;
  /** The USB trees of snapshots; undefined if qplug records none. */
  readonly snapshots?: SnapshotStore | undefined;
  /** The files that show why the host needs a device; undefined for no guards. */
  readonly files?: HostFiles | undefined;
  /** The host's policy, and the user to check; undefined for no policy. */
  readonly policy?: { readonly path: string; readonly uid: number; readonly gids: readonly number[] } | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @returns all present USB devices of the host */
export function inventoryOf(host: HostAccess): HostInventory {
  return readInventory(host.sysfs);
}
