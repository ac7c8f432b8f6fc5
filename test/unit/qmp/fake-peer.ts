import type { QmpAddress } from '../../../src/qmp/address.js';
import { connectOver } from '../../../src/qmp/connection/connect.js';
import type { ConnectOptions, QmpConnection } from '../../../src/qmp/connection/qmp-connection.js';
import type { OpenTransport, TransportEvents } from '../../../src/qmp/connection/transport.js';
import type { JsonObject } from '../../../src/qmp/protocol/message.js';

export const ADDRESS: QmpAddress = { path: '/run/vm/qmp.sock' };

interface GreetingMessage extends JsonObject {
  readonly QMP: JsonObject;
}

export const GREETING: GreetingMessage = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'test' }, capabilities: ['oob'] },
};

/** A QMP server in memory, said line by line by the test. It answers nothing by itself. */
export class FakePeer {
  /** What the client sent, parsed. */
  readonly sent: Record<string, unknown>[] = [];
  readonly calls: string[] = [];
  #events: TransportEvents | undefined;
  #over = false;

  /** Opens at the next turn, as a socket does. */
  readonly open: OpenTransport = (_address, events) => {
    this.#events = events;
    queueMicrotask(() => events.opened());
    return {
      send: (text) => this.sent.push(JSON.parse(text)),
      close: () => this.#cut('close'),
      destroy: () => this.#cut('destroy'),
    };
  };

  say(...messages: object[]): void {
    this.sayText(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
  }

  sayText(text: string): void {
    this.sayBytes(new TextEncoder().encode(text));
  }

  sayBytes(bytes: Uint8Array): void {
    if (!this.#over) this.#events?.data(bytes);
  }

  hangUp(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#events?.ended(error);
  }

  #cut(how: string): void {
    this.calls.push(how);
    queueMicrotask(() => this.hangUp());
  }
}

/** A peer with which the handshake is done. `sent` starts empty. */
export async function connectedPeer(
  options: ConnectOptions = {},
): Promise<{ peer: FakePeer; connection: QmpConnection }> {
  const peer = new FakePeer();
  const connecting = connectOver(peer.open, ADDRESS, options);
  await Promise.resolve();
  peer.say(GREETING, { return: {}, id: 0 });
  const connection = await connecting;
  peer.sent.length = 0;
  return { peer, connection };
}

/** How a promise ended, as data. */
export function outcome(promise: Promise<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}
