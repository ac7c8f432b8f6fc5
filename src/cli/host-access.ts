import { kernelDriverProbe, realSysfs } from '../host/index.js';
import { runtimeDir } from '../launcher/index.js';
import { VmRegistry } from '../registry/index.js';
import type { HostAccess } from '../vm/index.js';
import type { Terminal } from './terminal.js';

/** @returns this host, as the person who types may reach it */
export function hostAccess({ env, uid, sysfs }: Terminal): HostAccess {
  return {
    sysfs: sysfs ?? realSysfs(),
    driverProbe: kernelDriverProbe(),
    registry: new VmRegistry(runtimeDir(env, uid)),
    env,
  };
}
