import { kernelDriverProbe, realSysfs } from '../host/index.js';
import { runtimeDir, stateDir } from '../launcher/index.js';
import { PlaceStore, VmRegistry } from '../registry/index.js';
import type { HostAccess } from '../vm/index.js';
import type { Terminal } from './terminal.js';

/** @returns this host, as the person who types may reach it */
export function hostAccess({ env, uid, sysfs }: Terminal): HostAccess {
  const state = stateDir(env, uid);
  return {
    sysfs: sysfs ?? realSysfs(),
    driverProbe: kernelDriverProbe(),
    registry: new VmRegistry(runtimeDir(env, uid)),
    places: state === undefined ? undefined : new PlaceStore(state),
    env,
  };
}
