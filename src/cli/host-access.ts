import { requireOwnFolder } from '../base/index.js';
import { POLICY_FILE } from '../config/index.js';
import { kernelDrivers, kernelNodeRights, realHostFiles, realSysfs } from '../host/index.js';
import { runtimeDir, stateDir } from '../launcher/index.js';
import { ClaimStore, Journal, PlaceStore, SnapshotStore, VmRegistry } from '../registry/index.js';
import type { HostAccess } from '../vm/index.js';
import type { Terminal } from './terminal.js';

/**
 * @returns this host, as the person who types may reach it
 * @throws QplugError `runtime-dir-unknown` · `folder-not-ours`: what stands in such a folder is not read either
 */
export function hostAccess({ env, uid, sysfs, files, policy, watch }: Terminal): HostAccess {
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
