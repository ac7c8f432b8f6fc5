import { POLICY_FILE } from '../config/index.js';
import { kernelDrivers, realHostFiles, realSysfs } from '../host/index.js';
import { runtimeDir, stateDir } from '../launcher/index.js';
import { ClaimStore, Journal, PlaceStore, SnapshotStore, VmRegistry } from '../registry/index.js';
import type { HostAccess } from '../vm/index.js';
import type { Terminal } from './terminal.js';

/** @returns this host, as the person who types may reach it */
export function hostAccess({ env, uid, sysfs, files, policy, watch }: Terminal): HostAccess {
  const runtime = runtimeDir(env, uid);
  const state = stateDir(env, uid);
  return {
    sysfs: sysfs ?? realSysfs(),
    drivers: kernelDrivers(),
    registry: new VmRegistry(runtime),
    claims: new ClaimStore(runtime),
    journal: new Journal(state ?? runtime, watch),
    places: state === undefined ? undefined : new PlaceStore(state),
    snapshots: state === undefined ? undefined : new SnapshotStore(state),
    // what other devices than this machine's are used for nobody can say
    files: files ?? (sysfs === undefined ? realHostFiles() : undefined),
    policy: { path: policy ?? POLICY_FILE, uid, gids: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])] },
    env,
  };
}
