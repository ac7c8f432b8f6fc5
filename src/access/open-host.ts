import { requireOwnFolder } from '../base/index.js';
import { POLICY_FILE } from '../config/index.js';
import {
  type HostFiles,
  kernelDrivers,
  kernelNodeRights,
  realHostFiles,
  realSysfs,
  type SysfsReader,
} from '../host/index.js';
import {
  AssignmentStore,
  ClaimStore,
  Journal,
  PlaceStore,
  runtimeDir,
  ShareStore,
  SnapshotStore,
  stateDir,
  VmRegistry,
} from '../registry/index.js';
import type { HostAccess } from './host-access.js';

/** The user of this host, and replacements for tests. */
export interface HostOptions {
  readonly env: HostAccess['env'];
  readonly uid: number;
  readonly sysfs?: SysfsReader | undefined;
  readonly files?: HostFiles | undefined;
  /** Path of the policy; default POLICY_FILE. */
  readonly policy?: string | undefined;
  /** Receives each line of the journal. */
  readonly watch?: ConstructorParameters<typeof Journal>[1];
}

/**
 * @returns access to this host for that user
 * @throws QplugError `runtime-dir-unknown` · `folder-not-ours`: qplug does not even read such a folder
 */
export function openHost({ env, uid, sysfs, files, policy, watch }: HostOptions): HostAccess {
  const runtime = runtimeDir(env, uid);
  const state = stateDir(env, uid);
  const registry = new VmRegistry(runtime);
  const shares = new ShareStore(runtime);
  const journal = new Journal(state ?? runtime, watch);
  const assignments = state === undefined ? undefined : new AssignmentStore(state);
  const folders = [runtime, registry.folder, shares.folder, state ?? runtime, journal.folder];
  for (const folder of [...folders, assignments?.folder ?? runtime]) requireOwnFolder(folder);
  return {
    sysfs: sysfs ?? realSysfs(),
    drivers: kernelDrivers(),
    nodes: uid === 0 ? kernelNodeRights() : undefined,
    registry,
    shares,
    claims: new ClaimStore(runtime),
    journal,
    places: state === undefined ? undefined : new PlaceStore(state),
    assignments,
    snapshots: state === undefined ? undefined : new SnapshotStore(state),
    // guards are known only for this machine's own devices
    files: files ?? (sysfs === undefined ? realHostFiles() : undefined),
    policy: { path: policy ?? POLICY_FILE, uid, gids: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])] },
    env,
  };
}
