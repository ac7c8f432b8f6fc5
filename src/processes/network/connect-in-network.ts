import { closeSync, constants, openSync } from 'node:fs';
import { isIP, Socket } from 'node:net';
import {
  Deadline,
  findSystemProgram,
  type Given,
  identifyProcess,
  isSameProcess,
  namespaceOf,
  ownUid,
  type ProcessIdentity,
  startProgram,
} from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** ms for the start of the helper and its connect(2). */
const TIMEOUT = 10_000;

/** Bytes of what the helper says, for its last words. */
const MAX_WORDS = 4096;

/**
 * The helper: connects to the first of some addresses that accepts, and gives the connected socket to its parent. It reads nothing of the
 * connection, and ends with its parent.
 */
const HELPER = `
const { connect } = require('node:net');
const [port, ...hosts] = process.argv.slice(1);
process.on('disconnect', () => process.exit(1));
const next = (failure) => {
  const host = hosts.shift();
  if (host === undefined) {
    process.send({ failure }, () => process.exit(1));
    return;
  }
  const socket = connect({ host, port: Number(port) });
  socket.pause();
  socket.setNoDelay(true);
  socket.once('error', (error) => next(error.code ?? 'unknown'));
  socket.once('connect', () => process.send({ connected: host }, socket));
};
next('no address');
`;

/** Where a monitor listens, in the view of its QEMU. */
export interface NetworkPlace {
  /** An address; empty, `localhost`, `0.0.0.0` and `::`: the loopback addresses of the namespace. */
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to a TCP port in the network namespace of a process: to the monitor of a container that publishes no port. A helper enters the
 * namespace (nsenter(1), setns(2)), connects, passes the socket to this process, and ends; so nothing stands between this process and the
 * port, and the kernel knows both ends (`tcpPeerOf`). Root may enter any namespace; another user only those of a user namespace of that
 * user's own, such as rootless containers have.
 *
 * @param options - `timeout`: ms, default 10 s
 * @returns the connected socket, which the caller destroys
 * @throws QplugError `network-not-entered` · an error with the code of connect(2): `ECONNREFUSED`, … · `DeadlineReached` · the reason of
 *   the signal
 */
export async function connectInNetwork(
  owner: ProcessIdentity,
  place: NetworkPlace,
  options: { readonly timeout?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Socket> {
  using deadline = new Deadline(options.timeout ?? TIMEOUT, options.signal);
  deadline.signal.throwIfAborted();
  const program = findSystemProgram('nsenter');
  if (program === undefined) throw notEntered(owner, 'nsenter is not installed (package util-linux)');
  using spaces = openSpaces(owner);
  const helper = [process.execPath, '--eval', HELPER, '--', String(place.port), ...hostsOf(place.host)];
  const given: Given = ['ignore', 'ignore', 'pipe', ...spaces.descriptors, 'ipc'];
  // no environment: no options for Node.js in it
  const child = startProgram(program, [...spaces.options, '--', ...helper], { cwd: '/', env: {} }, given);
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('latin1')).slice(-MAX_WORDS);
  });
  try {
    return await new Promise<Socket>((resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true });
      child.once('error', reject);
      child.once('message', (message, handle) => {
        // it may come when nobody waits for it any more
        if (handle instanceof Socket && deadline.signal.aborted) handle.destroy();
        else if (handle instanceof Socket) resolve(handle);
        else reject(connectFailure(place, message));
      });
      child.once('close', () => reject(notEntered(owner, words.trim().split('\n').at(-1) || 'nsenter ended')));
    });
  } finally {
    // it has ended already, or has nothing left to do
    child.kill('SIGKILL');
    child.stderr?.destroy();
  }
}

/** Addresses to try, never a name: its meaning would be up to the network of a container. */
function hostsOf(host: string): string[] {
  if (host === '' || host === 'localhost') return ['127.0.0.1', '::1'];
  if (host === '0.0.0.0') return ['127.0.0.1'];
  if (/^[0:]+$/.test(host)) return ['::1', '127.0.0.1'];
  return isIP(host) === 0 ? [] : [host];
}

function connectFailure({ host, port }: NetworkPlace, message: unknown): Error {
  const { failure } = (message ?? {}) as { readonly failure?: unknown };
  const code = typeof failure === 'string' ? failure : 'unknown';
  return Object.assign(new Error(`connect ${code} ${host}:${port}`), { code, syscall: 'connect' });
}

function notEntered({ pid }: ProcessIdentity, reason: string): Error {
  return fail('network-not-entered', { pid, reason });
}

/** Open namespaces of a process, and the options of nsenter for them. */
interface Spaces extends Disposable {
  readonly descriptors: readonly number[];
  readonly options: readonly string[];
}

/** @throws QplugError `network-not-entered` */
function openSpaces(owner: ProcessIdentity): Spaces {
  const { pid } = owner;
  const needsUser = ownUid() !== 0 && namespaceOf(pid, 'user') !== namespaceOf('self', 'user');
  const kinds = needsUser ? (['net', 'user'] as const) : (['net'] as const);
  const descriptors: number[] = [];
  const close = (): void => {
    for (const fd of descriptors.splice(0)) closeSync(fd);
  };
  try {
    for (const kind of kinds) descriptors.push(openSync(`/proc/${pid}/ns/${kind}`, constants.O_RDONLY));
    const now = identifyProcess(pid);
    if (now === undefined || !isSameProcess(now, owner)) throw notEntered(owner, 'the process has ended');
  } catch (error) {
    close();
    const { code } = error as NodeJS.ErrnoException;
    throw typeof code === 'string' && /^E[A-Z]+$/.test(code) ? notEntered(owner, code) : error;
  }
  // in the helper they come after its three own descriptors
  const options = kinds.map((kind, index) => `--${kind}=/proc/self/fd/${3 + index}`);
  return {
    descriptors: [...descriptors],
    options: needsUser ? [...options, '--preserve-credentials'] : options,
    [Symbol.dispose]: close,
  };
}
