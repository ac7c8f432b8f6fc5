import { type HostAccess, monitorBehind, recordOfSocket, type VmTarget } from '../../access/index.js';
import { kindOfFile, socketFileOf } from '../../base/index.js';
import { loadVmFile } from '../../config/index.js';
import { fail, nearest } from '../../diag/index.js';
import { selectorFault } from '../../host/index.js';
import { lives } from '../../registry/index.js';

/** @returns whether a word names a VM file rather than a VM, or a socket */
export function isVmFile(word: string): boolean {
  return (word.includes('/') || /\.(ya?ml|json)$/i.test(word)) && kindOfFile(word) === 'file';
}

/**
 * Finds the VM that a word names: by name, VM file, or path of a QMP socket (anything with a `/` that is no VM file). The socket of a share
 * of this user names the VM behind the share.
 *
 * @throws QplugError `vm-not-found`
 */
export async function findVm(word: string, host: HostAccess): Promise<VmTarget> {
  if (isVmFile(word)) return vmOfName((await loadVmFile(word, { checkSelector: selectorFault })).name, word, host);
  if (!word.includes('/')) return vmOfName(word, word, host);
  const shared = monitorBehind(word, host);
  const record = recordOfSocket(shared?.socket ?? word, host);
  if (record !== undefined) return { name: record.name, socket: word, record };
  if (shared !== undefined) return { name: word, socket: shared.socket, record, socketFile: shared.file };
  return { name: word, socket: word, record, socketFile: socketFileOf(word) };
}

/** @returns the VM of that name. @param word - the user's word for it, for messages. @throws QplugError `vm-not-found` */
export function vmOfName(name: string, word: string, host: HostAccess): VmTarget {
  const record = host.registry.read(name);
  if (record === undefined || !lives(record)) {
    const names = host.registry
      .list()
      .filter((one) => one.alive)
      .map((one) => one.record.name);
    throw fail('vm-not-found', { target: word, known: names, nearest: nearest(name, names) });
  }
  return { name, socket: record.sockets.qplug, record };
}
