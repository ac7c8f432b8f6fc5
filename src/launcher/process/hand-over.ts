import { once } from 'node:events';
import { chmodSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { descriptorOf } from '../../base/index.js';

/** Sockets that listen already, for a program that gets them as its file descriptors. */
export interface ListeningSockets extends Disposable {
  /** In the order of the paths. */
  readonly descriptors: readonly number[];
}

/**
 * Makes sockets that listen, 0600, for a QEMU that may not write where they stand (`-chardev socket,fd=N`, which goes on with a socket
 * that was bound by somebody else: util/qemu-sockets.c, socket_listen). To dispose of this closes them here alone.
 *
 * @param paths - absolute, in a folder that is closed to others: whoever connects before QEMU has them is turned away
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
      if (descriptor === undefined) throw new Error('this Node does not tell the descriptor of a socket');
      descriptors.push(descriptor);
    }
    return { descriptors, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** libuv removes the path of a socket that it closes (uv__pipe_close): it is out of the way meanwhile. */
function closeHere(path: string, server: Server): void {
  const aside = `${path}.kept`;
  renameSync(path, aside);
  server.close();
  renameSync(aside, path);
}

/** Makes sockets that QEMU made itself 0600: they stand in a closed folder, and their modes are those of its umask. */
export function closeToOthers(paths: readonly string[]): void {
  for (const path of paths) chmodSync(path, 0o600);
}
