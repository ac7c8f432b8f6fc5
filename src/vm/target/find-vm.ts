import { type HostAccess, monitorBehind, recordOfSocket, type VmTarget } from '../../access/index.js';
import { kindOfFile, socketFileOf } from '../../base/index.js';
import { fail, nearest } from '../../diag/index.js';
import { isVmName, lives } from '../../registry/index.js';
import { nameInFile } from './vm-file.js';
import { vmOfWord } from './vm-of-word.js';
import { isVmWord, parseVmWord } from './vm-word.js';

/** @returns whether a word names a VM file rather than a VM, or a socket */
export function isVmFile(word: string): boolean {
  if (isVmWord(word)) return false;
  return (word.includes('/') || /\.(ya?ml|json)$/i.test(word)) && kindOfFile(word) === 'file';
}

/**
 * Finds the VM that a word names: by name, VM file, path of a QMP socket (anything with a `/` that is no VM file), `tcp:HOST:PORT`, `pid:PID`
 * or `container:NAME`. The name of an adopted VM is another word for its socket or what else it was adopted by; a VM that qplug started comes
 * first. The socket of a share of this user names the VM behind the share.
 *
 * @param signal - ends the question to a container engine
 * @throws QplugError `vm-not-found` · `adopted-vm-away` · `vm-word-wrong` · as `vmOfWord`
 */
export async function findVm(word: string, host: HostAccess, signal?: AbortSignal): Promise<VmTarget> {
  const means = parseVmWord(word);
  if (means !== undefined) return await vmOfWord(word, means, host, signal);
  if (isVmFile(word)) return vmOfName(await nameInFile(word), word, host);
  if (word.includes('/')) return vmAt(word, host);
  const adopted = isRunning(word, host) ? undefined : adoptedSocketOf(word, host);
  if (adopted === undefined) return vmOfName(word, word, host);
  if (isVmWord(adopted)) return await findVm(adopted, host, signal);
  const vm = vmAt(adopted, host);
  if (vm.record === undefined && vm.socketFile === undefined)
    throw fail('adopted-vm-away', { name: word, socket: adopted });
  return vm;
}

/** @returns the VM with this socket, or behind the share with this socket */
export function vmAt(socket: string, host: HostAccess): VmTarget {
  const shared = monitorBehind(socket, host);
  const record = recordOfSocket(shared?.socket ?? socket, host);
  if (record !== undefined) return { name: record.name, socket, record };
  if (shared !== undefined) return { name: socket, socket: shared.socket, record, socketFile: shared.file };
  return { name: socket, socket, record, socketFile: socketFileOf(socket) };
}

/** @returns whether a VM of that name runs that qplug started */
export function isRunning(name: string, { registry }: HostAccess): boolean {
  const record = registry.read(name);
  return record !== undefined && lives(record);
}

/** @returns the socket of the VM that was adopted under this name; undefined if there is none */
export function adoptedSocketOf(name: string, { assignments }: HostAccess): string | undefined {
  return isVmName(name) ? assignments?.read(name).record?.socket : undefined;
}

/** @returns the VMs that were adopted, by name */
export function adoptedVms({ assignments }: HostAccess): { readonly name: string; readonly socket: string }[] {
  const records = assignments?.list().records ?? [];
  return records.flatMap(({ vm, socket }) => (socket === undefined ? [] : [{ name: vm, socket }]));
}

/** @returns the names of the VMs that run: those that qplug started, and adopted ones whose socket is there */
export function runningNames(host: HostAccess): string[] {
  const ours = host.registry.list().flatMap(({ alive, record }) => (alive ? [record.name] : []));
  const adopted = adoptedVms(host).flatMap(({ name, socket }) => (socketFileOf(socket) === undefined ? [] : [name]));
  return [...new Set([...ours, ...adopted])].sort();
}

/** @returns the VM of that name. @param word - the user's word for it, for messages. @throws QplugError `vm-not-found` */
export function vmOfName(name: string, word: string, host: HostAccess): VmTarget {
  const record = host.registry.read(name);
  if (record === undefined || !lives(record)) {
    const names = runningNames(host);
    throw fail('vm-not-found', { target: word, known: names, nearest: nearest(name, names) });
  }
  return { name, socket: record.sockets.qplug, record };
}
