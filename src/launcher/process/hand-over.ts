import { once } from 'node:events';
import { chmodSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { descriptorOf } from '../../base/index.js';

/** Listening sockets that a program inherits as file descriptors. */
export interface ListeningSockets extends Disposable {
  /** In the order of the paths. */
  readonly descriptors: readonly number[];
}

/**
 * Creates listening sockets, 0600, for a QEMU that may not write to their folder (`-chardev socket,fd=N`, which accepts a socket that
 * another program bound: util/qemu-sockets.c, socket_listen). Disposing closes them only in this process.
 *
 * @param paths - absolute, in a folder that is closed to others; rejects clients that connect before QEMU has the sockets
 * @throws the system's error
 */
export async function listenFor(paths: readonly string[]): Promise<ListeningSockets> {
  const servers: { readonly path: string; readonly server: Server }[] = [];
  const dispose = (): void => {
    for (const { path, server } of servers.splice(0)) closeHere(path, server);
  };
  try {
    const descriptors: number[] = [];
    for (const path of paths) {
      const server = createServer((client) => client.destroy());
      server.listen(path);
      await once(server, 'listening');
      servers.push({ path, server });
      chmodSync(path, 0o600);
      const descriptor = descriptorOf(server);
      if (descriptor === undefined) throw new Error('this Node.js does not give the descriptor of a socket');
      descriptors.push(descriptor);
    }
    return { descriptors, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Moves the path away in the meantime, because libuv removes the path of a socket that it closes (uv__pipe_close). */
function closeHere(path: string, server: Server): void {
  const aside = `${path}.kept`;
  renameSync(path, aside);
  server.close();
  renameSync(aside, path);
}

/** Sets sockets that QEMU created to 0600: they are in a closed folder, but QEMU's umask decides their mode. */
export function closeToOthers(paths: readonly string[]): void {
  for (const path of paths) chmodSync(path, 0o600);
}
