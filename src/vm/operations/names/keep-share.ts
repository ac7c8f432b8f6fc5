import { resolve } from 'node:path';
import type { HostAccess } from '../../../access/index.js';
import { SocketPlace } from '../../../base/index.js';
import { fail } from '../../../diag/index.js';
import type { AssignmentRecord } from '../../../registry/index.js';
import { storeOf, vmToAssign } from './assign.js';
import { isSameSocket } from './same-socket.js';
import type { ShareRequest } from './share.js';

/** A share that the agent keeps, or keeps no longer. */
export interface KeptShareReport {
  readonly vm: string;
  /** The socket that the agent serves: absolute, links followed. */
  readonly listen: string;
  /** `changed`: the agent served another socket before. `already`: this one. */
  readonly outcome: 'kept' | 'changed' | 'already' | 'ended';
}

/**
 * Records that the agent is to share a VM's monitor, whether the VM and the agent run or not, until `endKeptShare`. A VM has one such share:
 * another path takes the place of the former one. The path is checked now as for `shareVm`, and again whenever the agent makes the socket.
 *
 * @param request - `vm`: a name, a VM file, or the socket of a VM that has a name
 * @throws QplugError `assign-to-socket` · `share-kept-there`: the agent shares another VM there · as `SocketPlace.prepare` · as
 *   `AssignmentStore.change`
 */
export async function keepShare(
  { vm: word, listen }: Pick<ShareRequest, 'vm' | 'listen'>,
  host: HostAccess,
  signal: AbortSignal,
): Promise<KeptShareReport> {
  const store = storeOf(host);
  const vm = await vmToAssign('share --keep', word, host);
  const before = store.read(vm).record?.share?.listen;
  if (before !== undefined && isSameSocket(before, resolve(listen))) return { vm, listen: before, outcome: 'already' };
  const elsewhere = (others: readonly AssignmentRecord[], path: string): void => {
    const other = others.find(({ share }) => share !== undefined && isSameSocket(share.listen, path));
    if (other !== undefined) throw fail('share-kept-there', { socket: path, vm: other.vm });
  };
  // before the place is checked: the agent may serve it
  elsewhere(
    store.list().records.filter((one) => one.vm !== vm),
    resolve(listen),
  );
  const path = await checkedPlace(listen, signal);
  let outcome: KeptShareReport['outcome'] = 'kept';
  await store.change(
    vm,
    (record, others) => {
      elsewhere(others, path);
      if (record.share !== undefined) outcome = record.share.listen === path ? 'already' : 'changed';
      return outcome === 'already' ? record : { ...record, share: { listen: path, made: new Date().toISOString() } };
    },
    signal,
  );
  return { vm, listen: path, outcome };
}

/**
 * Records that the agent is no longer to share a VM's monitor.
 *
 * @param word - as `request.vm` of `keepShare`
 * @throws QplugError `share-not-kept` · as `AssignmentStore.change`
 */
export async function endKeptShare(word: string, host: HostAccess, signal: AbortSignal): Promise<KeptShareReport> {
  const store = storeOf(host);
  const vm = await vmToAssign('share --end', word, host);
  let listen = '';
  await store.change(
    vm,
    ({ share, ...rest }) => {
      if (share === undefined) throw fail('share-not-kept', { vm });
      listen = share.listen;
      return rest;
    },
    signal,
  );
  return { vm, listen, outcome: 'ended' };
}

/** @returns the path, absolute, links followed. @throws QplugError as `SocketPlace.prepare` */
async function checkedPlace(listen: string, signal: AbortSignal): Promise<string> {
  using place = await SocketPlace.prepare(listen, signal);
  return place.path;
}
