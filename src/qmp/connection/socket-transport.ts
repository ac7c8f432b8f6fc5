import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { openSocketFile, type SocketFile, socketOf } from '../../base/index.js';
import type { QmpAddress } from '../address.js';
import type { ConnectStream, OpenTransport, Transport, TransportEvents } from './transport.js';

/** ms for the peer to read what was sent last, before `close` becomes `destroy`. */
const FLUSH_TIMEOUT = 500;

/** Opens a unix or TCP socket. The only file of this layer that touches the outside world. */
export function openSocket(address: QmpAddress, events: TransportEvents): Transport {
  const socket = new Socket();
  let file: SocketFile | undefined;
  const closeFile = (): void => file?.[Symbol.dispose]();
  socket.setNoDelay(true);
  socket.on('connect', () => {
    closeFile();
    events.opened();
  });
  socket.on('close', closeFile);
  const transport = carry(socket, events);
  try {
    if ('path' in address) {
      file = openSocketFile(address.path);
      socket.connect({ path: file.path });
    } else socket.connect({ host: address.host, port: address.port });
  } catch (error) {
    // For a port out of range, or a path in another root that leads nowhere, this throws at once; it reports that as any other failure.
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  }
  return transport;
}

/** @returns what carries bytes over a stream that `connect` makes, instead of opening an address */
export function openOver(connect: ConnectStream): OpenTransport {
  return (_address, events) => {
    const given = new AbortController();
    const unsent: string[] = [];
    let transport: Transport | undefined;
    let isOver = false;
    const end = (error?: Error): void => {
      if (!isOver) events.ended(error);
      isOver = true;
    };
    connect(given.signal).then(
      (stream) => {
        if (isOver || stream.destroyed) {
          stream.on('error', () => undefined).destroy();
          end(stream.errored ?? undefined);
          return;
        }
        transport = carry(stream, { ...events, ended: end });
        for (const text of unsent.splice(0)) transport.send(text);
        events.opened();
      },
      (error) => end(error instanceof Error ? error : new Error(String(error))),
    );
    const giveUp = (): void => {
      given.abort();
      queueMicrotask(() => end());
    };
    return {
      send: (text) => void (transport === undefined ? unsent.push(text) : transport.send(text)),
      close: () => (transport === undefined ? giveUp() : transport.close()),
      destroy: () => (transport === undefined ? giveUp() : transport.destroy()),
      socket: () => transport?.socket?.(),
    };
  };
}

function carry(stream: Duplex, events: TransportEvents): Transport {
  let failure: Error | undefined;
  let flushTimer: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Uint8Array) => events.data(chunk));
  stream.on('error', (error) => {
    failure = error;
  });
  // The peer can't answer any more, so there is no use in writing the rest, even if the peer closed only one half.
  stream.on('end', () => stream.destroy());
  stream.on('close', () => {
    clearTimeout(flushTimer);
    events.ended(failure);
  });
  return {
    send: (text) => {
      stream.write(text);
    },
    close: () => {
      if (stream.destroyed) return;
      stream.end(() => stream.destroy());
      flushTimer ??= setTimeout(() => stream.destroy(), FLUSH_TIMEOUT);
    },
    destroy: () => {
      stream.destroy();
    },
    socket: () => socketOf(stream),
  };
}
