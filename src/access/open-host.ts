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
import { ClaimStore, Journal, PlaceStore, runtimeDir, SnapshotStore, stateDir, VmRegistry } from '../registry/index.js';
import type { HostAccess } from './host-access.js';

/** Who asks for this host, and what of it is other than the real one: in tests. */
export interface HostOptions {
  readonly env: HostAccess['env'];
  readonly uid: number;
  readonly sysfs?: SysfsReader | undefined;
  readonly files?: HostFiles | undefined;
  /** Path of the policy; default POLICY_FILE. */
  readonly policy?: string | undefined;
  /** Told of each line of the journal. */
  readonly watch?: ConstructorParameters<typeof Journal>[1];
}

/**
 * @returns this host, as whoever asks may reach it
 * @throws QplugError `runtime-dir-unknown` · `folder-not-ours`: what stands in such a folder is not read either
 */
export function openHost({ env, uid, sysfs, files, policy, watch }: HostOptions): HostAccess {
  const runtime = runtimeDir(env, uid);
  const state = stateDir(env, uid);
  const registry = new VmRegistry(runtime);
  const journal = new Journal(state ?? runtime, watch);
  for (const folder of [runtime, registry.folder, state ?? runtime, journal.folder]) requireOwnFolder(folder);
  return {
    sysfs: sysfs ?? realSysfs(),
    drivers: kernelDrivers(),
    nodes: uid === 0 ? kernelNodeRights() : undefined,
    registry,
    claims: new ClaimStore(runtime),
    journal,
    places: state === undefined ? undefined : new PlaceStore(state),
    snapshots: state === undefined ? undefined : new SnapshotStore(state),
    // what other devices than this machine's are used for nobody can say
    files: files ?? (sysfs === undefined ? realHostFiles() : undefined),
    policy: { path: policy ?? POLICY_FILE, uid, gids: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])] },
    env,
  };
}
