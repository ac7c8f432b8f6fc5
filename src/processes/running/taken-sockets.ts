import { readPlainFile, throwIfShort } from '../../base/index.js';

/** Bytes of the list that are read: some 200,000 sockets. */
const MAX_LIST = 16 * 1024 * 1024;

/** A connected socket with a name, in the list of Unix sockets (proc_pid_net(5); state 03 is SS_CONNECTED, linux/net.h). */
const CONNECTED = /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} 0001 03 +\d+ (.+)$/gm;

/**
 * The Unix sockets of a process that have a client now: a connection that was accepted has the name of the socket that accepted it, and is
 * in the network namespace of the client (net/unix/af_unix.c, unix_stream_connect): that of the process, or of qplug. Any process can give its
 * socket any name, so this is a hint.
 *
 * @returns their paths, as they were bound
 */
export function takenSockets(pid: number): ReadonlySet<string> {
  return new Set([...connectedIn(pid), ...connectedIn('self')]);
}

function connectedIn(pid: number | 'self'): string[] {
  try {
    const list = readPlainFile(`/proc/${pid}/net/unix`, MAX_LIST).toString('utf8');
    return [...list.matchAll(CONNECTED)].map(([, path = '']) => path);
  } catch (error) {
    throwIfShort(error);
    return [];
  }
}
