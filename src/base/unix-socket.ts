import { statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { Deadline } from './deadline.js';
import { throwIfShort } from './shortage.js';

/** The type of a file in its mode, and that of a socket (inode(7)). */
const [TYPE, SOCKET] = [0o170000n, 0o140000n];

/** The longest path of a Unix socket: `sun_path` has 108 bytes, the last a NUL (unix(7)). */
export const MAX_PATH_BYTES = 107;

/** ms for a connect(2) to a Unix socket, which the kernel answers at once. */
const TIMEOUT = 1000;

/** The result of a connect(2) to a Unix socket. `refused`: the socket exists, but no process listens any more. */
export type Listening = 'listens' | 'refused' | 'unknown';

/** @returns device and inode of a socket's file, links followed: the same for every path; undefined if none is visible there */
export function socketFileOf(path: string): string | undefined {
  try {
    const { dev, ino, mode } = statSync(path, { bigint: true });
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
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return 'unknown';
  using deadline = new Deadline(TIMEOUT, signal);
  return await new Promise((resolve) => {
    const socket = createConnection({ path });
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
