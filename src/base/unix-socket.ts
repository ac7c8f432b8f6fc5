import { statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { Deadline } from './deadline.js';
import { openInRoot } from './path-in-root.js';
import { pathError } from './path-walk.js';
import { identifyProcess } from './process-identity.js';
import { throwIfShort } from './shortage.js';

/** The type of a file in its mode, and that of a socket (inode(7)). */
const [TYPE, SOCKET] = [0o170000n, 0o140000n];

/** The longest path of a Unix socket: `sun_path` has 108 bytes, the last a NUL (unix(7)). */
export const MAX_PATH_BYTES = 107;

/** ms for a connect(2) to a Unix socket, which the kernel answers at once. */
const TIMEOUT = 1000;

/** A path in the root of another process, as proc(5) names it: the process, and the path from that root. */
const IN_ROOT = /^\/+proc\/+([1-9]\d*)\/+root(\/.*)?$/s;

/** The result of a connect(2) to a Unix socket. `refused`: the socket exists, but no process listens any more. */
export type Listening = 'listens' | 'refused' | 'unknown';

/** The file of a socket, to connect to. */
export interface SocketFile extends Disposable {
  /** Valid until this is disposed of. */
  readonly path: string;
}

/** @returns whether a path leads into the root of another process: /proc/PID/root/… */
export function isInRoot(path: string): boolean {
  return IN_ROOT.test(path);
}

/**
 * Opens the path of a socket for one connect(2). A path in the root of another process (/proc/PID/root/…) leads to no file outside of that
 * root (`openInRoot`), and may be longer than `MAX_PATH_BYTES`. Any other path is used as it is.
 *
 * @throws for /proc/PID/root/…: as `openInRoot`
 */
export function openSocketFile(path: string): SocketFile {
  const [, pid, rest = '/'] = IN_ROOT.exec(path) ?? [];
  if (pid === undefined) return { path, [Symbol.dispose]: () => undefined };
  const owner = identifyProcess(Number(pid));
  if (owner === undefined) throw pathError('ESRCH', path);
  return openInRoot(owner, rest);
}

/** @returns device and inode of a socket's file, links followed: the same for every path; undefined if none is visible there */
export function socketFileOf(path: string): string | undefined {
  try {
    using file = openSocketFile(path);
    const { dev, ino, mode } = statSync(file.path, { bigint: true });
    return (mode & TYPE) === SOCKET ? `${dev}:${ino}` : undefined;
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}

/**
 * Finds out whether a process listens on a Unix socket, by connecting and closing again.
 *
 * @returns `unknown` if the path does not exist, or this user may not connect
 */
export async function knockAt(path: string, signal?: AbortSignal): Promise<Listening> {
  // Node.js truncates a longer path, and would connect to another socket
  if (Buffer.byteLength(path) > MAX_PATH_BYTES && !isInRoot(path)) return 'unknown';
  let file: SocketFile;
  try {
    file = openSocketFile(path);
  } catch (error) {
    throwIfShort(error);
    return 'unknown';
  }
  using _open = file;
  using deadline = new Deadline(TIMEOUT, signal);
  return await new Promise((resolve) => {
    const socket = createConnection({ path: file.path });
    const end = (how: Listening): void => {
      socket.destroy();
      resolve(how);
    };
    deadline.signal.addEventListener('abort', () => end('unknown'), { once: true });
    socket.once('connect', () => end('listens'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // EAGAIN: other clients are waiting (unix(7))
      end(code === 'ECONNREFUSED' ? 'refused' : code === 'EAGAIN' ? 'listens' : 'unknown');
    });
  });
}
