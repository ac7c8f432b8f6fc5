import { Socket } from 'node:net';
import { socketOf } from '../../base/index.js';
import type { QmpAddress } from '../address.js';
import type { Transport, TransportEvents } from './transport.js';

/** ms for the peer to read what was sent last, before `close` becomes `destroy`. */
const FLUSH_TIMEOUT = 500;

/** Opens a unix or TCP socket. The only file of this layer that touches the outside world. */
export function openSocket(address: QmpAddress, events: TransportEvents): Transport {
  const socket = new Socket();
  let failure: Error | undefined;
  let flushTimer: NodeJS.Timeout | undefined;
  socket.setNoDelay(true);
  socket.on('connect', () => events.opened());
  socket.on('data', (chunk) => events.data(chunk));
  socket.on('error', (error) => {
    failure = error;
  });
  // The peer can't answer any more, so there is no use in writing the rest, even if the peer closed only one half.
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(flushTimer);
    events.ended(failure);
  });
  try {
    if ('path' in address) socket.connect({ path: address.path });
    else socket.connect({ host: address.host, port: address.port });
  } catch (error) {
    // For a port out of range, for example, `connect` throws at once; this reports it as any other failure to connect.
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  }
  return {
    send: (text) => {
      socket.write(text);
    },
    close: () => {
      if (socket.destroyed) return;
      socket.destroySoon();
      flushTimer ??= setTimeout(() => socket.destroy(), FLUSH_TIMEOUT);
    },
    destroy: () => {
      socket.destroy();
    },
    socket: () => socketOf(socket),
  };
}
