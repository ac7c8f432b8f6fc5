import { resolve } from 'node:path';
import { type HostAccess, recordOfSocket } from '../../../access/index.js';
import { kindOfFile } from '../../../base/index.js';
import { fail } from '../../../diag/index.js';
import { type AssignmentRecord, fileNameOf } from '../../../registry/index.js';
import { adoptedVms, findVm, isRunning, parseVmWord } from '../../target/index.js';
import { storeOf } from './assign.js';
import { isSameSocket } from './same-socket.js';

export interface AdoptReport {
  readonly name: string;
  /** Absolute; or the word for it: `tcp:HOST:PORT`, `container:NAME`. */
  readonly socket: string;
  /** Whether it had this name before; then nothing has changed. */
  readonly already: boolean;
}

export interface ForgetReport {
  readonly name: string;
  readonly socket: string;
  /** The number of its assignments, which stay. */
  readonly assignments: number;
  /** The socket on which the agent shared it, which it does no longer. */
  readonly share: string | undefined;
}

/**
 * Gives a VM that qplug did not start a name, for every later command. Its socket, port or container need not exist yet.
 *
 * @param word - the path of its QMP socket, `tcp:HOST:PORT` or `container:NAME`; `pid:PID` if its monitor has a lasting path or port
 * @throws QplugError `vm-name-wrong` · `vm-word-wrong` · `adopt-by-pid` · as `findVm` for a process · `adopt-not-socket` · `adopt-name-taken` · `adopt-socket-named` · as `AssignmentStore.change`
 */
export async function adopt(word: string, name: string, host: HostAccess, signal: AbortSignal): Promise<AdoptReport> {
  const store = storeOf(host);
  fileNameOf(name);
  const means = parseVmWord(word);
  const path = means === undefined ? resolve(word) : means.by === 'pid' ? await lastingSocket(word, host) : word;
  const isPath = path.startsWith('/');
  const kind = isPath ? kindOfFile(path) : undefined;
  if (kind === 'file' || kind === 'other') throw fail('adopt-not-socket', { socket: path });
  const ours = isPath ? recordOfSocket(path, host) : undefined;
  if (ours !== undefined) throw fail('adopt-socket-named', { socket: path, name: ours.name, adopted: false });
  if (isRunning(name, host)) throw fail('adopt-name-taken', { name, socket: undefined });
  let already = false;
  const adoptIn = (record: AssignmentRecord, others: readonly AssignmentRecord[]): AssignmentRecord => {
    const other = others.find((one) => one.socket !== undefined && isSameSocket(one.socket, path));
    if (other !== undefined) throw fail('adopt-socket-named', { socket: path, name: other.vm, adopted: true });
    already = record.socket !== undefined && isSameSocket(record.socket, path);
    if (record.socket !== undefined && !already) throw fail('adopt-name-taken', { name, socket: record.socket });
    return already ? record : { ...record, socket: path };
  };
  const { socket: adopted = path } = await store.change(name, adoptIn, signal);
  return { name, socket: adopted, already };
}

/**
 * Takes the name of an adopted VM away. Its assignments stay, for a VM that gets the name later; the agent shares it no longer.
 *
 * @throws QplugError `not-adopted` · as `AssignmentStore.change`
 */
export async function forgetAdopted(name: string, host: HostAccess, signal: AbortSignal): Promise<ForgetReport> {
  const store = storeOf(host);
  let socket = '';
  let listen: string | undefined;
  const forget = ({ socket: had, share, ...rest }: AssignmentRecord): AssignmentRecord => {
    if (had === undefined) throw fail('not-adopted', { name, known: adoptedVms(host).map((one) => one.name) });
    socket = had;
    listen = share?.listen;
    return rest;
  };
  const { assignments } = await store.change(name, forget, signal);
  return { name, socket, assignments: assignments.length, share: listen };
}

/** @throws QplugError `adopt-by-pid` if the next QEMU with that role is found by another word */
async function lastingSocket(word: string, host: HostAccess): Promise<string> {
  const { socket, record } = await findVm(word, host);
  if (record !== undefined) throw fail('adopt-socket-named', { socket, name: record.name, adopted: false });
  const isLasting = socket.startsWith('/') ? !socket.startsWith('/proc/') : socket.startsWith('tcp:');
  if (!isLasting) throw fail('adopt-by-pid', { word });
  return socket;
}
