import { createServer, type Server, type Socket } from 'node:net';
import type { LineConnection } from '../connection/index.js';
import type { CloseReason } from '../errors.js';
import { callOut } from '../events/index.js';
import {
  type ClientId,
  CommandSplitter,
  type DropReason,
  SHARE_LIMITS,
  type ShareEffect,
  ShareHub,
  type ShareLimits,
} from '../share/index.js';

/** ms in which a client has to read what it gets last, before its connection is cut off. */
const FLUSH_TIMEOUT = 500;

/** ms without any progress after which a client that has something to read counts as stuck. */
const STALL_TIMEOUT = 60_000;

/** What a share tells its owner. `client`: the number of a client. */
export type ShareNotice =
  | { readonly notice: 'dropped'; readonly client: ClientId; readonly reason: DropReason | 'stalled' }
  /** A client came when there were too many already. */
  | { readonly notice: 'turned-away'; readonly limit: number };

export interface ShareOptions {
  readonly limits?: ShareLimits | undefined;
  /** ms after which a client that reads nothing counts as stuck; default 60000. */
  readonly stallTimeout?: number | undefined;
  readonly onNotice?: ((notice: ShareNotice) => void) | undefined;
}

interface Connected {
  readonly socket: Socket;
  stall: NodeJS.Timeout | undefined;
}

/**
 * Serves many QMP clients on a Unix socket through one connection to QEMU. Owns the connection: disposing of this, or the end of either,
 * ends both and all clients.
 */
export class ShareServer implements AsyncDisposable {
  /** Resolves when QEMU's connection is over and all clients have ended, with the reason. Never rejects. */
  readonly closed: Promise<CloseReason>;
  readonly #qemu: LineConnection;
  readonly #hub: ShareHub;
  readonly #limits: ShareLimits;
  readonly #options: ShareOptions;
  readonly #server: Server;
  readonly #clients = new Map<ClientId, Connected>();
  #nextClient = 1;
  #over = false;

  private constructor(qemu: LineConnection, options: ShareOptions) {
    this.#qemu = qemu;
    this.#options = options;
    this.#limits = options.limits ?? SHARE_LIMITS;
    this.#hub = new ShareHub(qemu.greetingLine, this.#limits);
    this.#server = createServer((socket) => this.#accept(socket));
    qemu.takeLines((line, message) => this.#apply(this.#hub.fromQemu(line, message)));
    this.closed = qemu.closed.then(async (reason) => {
      await this.#end();
      return reason;
    });
  }

  /**
   * Starts to listen.
   *
   * @param qemu - belongs to the share from now on, also if this fails
   * @param path - where to bind the socket; nothing may be there
   * @throws the system's error
   */
  static async listen(qemu: LineConnection, path: string, options: ShareOptions = {}): Promise<ShareServer> {
    const share = new ShareServer(qemu, options);
    try {
      await new Promise<void>((resolve, reject) => {
        share.#server.once('error', reject);
        share.#server.listen({ path }, resolve);
      });
      // no descriptor is left for a client: that client ends, and the others go on
      share.#server.on('error', () => undefined);
      return share;
    } catch (error) {
      await share[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends all clients and the connection to QEMU. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qemu.close();
    await this.closed;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#over || this.#clients.size >= this.#limits.clients) {
      socket.destroy();
      if (!this.#over) this.#tell({ notice: 'turned-away', limit: this.#limits.clients });
      return;
    }
    const id = this.#nextClient++;
    const splitter = new CommandSplitter(this.#limits.messageBytes);
    this.#clients.set(id, { socket, stall: undefined });
    socket.on('data', (chunk) => this.#apply(this.#hub.received(id, splitter.push(chunk))));
    // QEMU ends a client that closes one half, too (chardev/char-socket.c, tcp_chr_read)
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#left(id));
    this.#apply(this.#hub.joined(id));
  }

  #left(id: ClientId): void {
    clearTimeout(this.#clients.get(id)?.stall);
    this.#clients.delete(id);
    if (!this.#over) this.#apply(this.#hub.left(id));
  }

  #apply(effects: readonly ShareEffect[]): void {
    for (const effect of effects) {
      switch (effect.effect) {
        case 'to-qemu':
          this.#qemu.sendLine(effect.text);
          break;
        case 'to-client':
          this.#send(effect);
          break;
        case 'pause':
          this.#clients.get(effect.client)?.socket.pause();
          break;
        case 'resume':
          this.#clients.get(effect.client)?.socket.resume();
          break;
        case 'drop':
          this.#drop(effect.client, effect.reason, effect.text);
      }
    }
  }

  #send({ client, text, bytes }: ShareEffect & { effect: 'to-client' }): void {
    const connected = this.#clients.get(client);
    if (connected === undefined || connected.socket.destroyed) return;
    connected.stall ??= this.#stallTimer(client);
    connected.socket.write(text, (error) => {
      clearTimeout(connected.stall);
      // of a client that was dropped nobody would stop the timer
      const goesOn = this.#clients.get(client) === connected && connected.socket.writableLength > 0;
      connected.stall = goesOn ? this.#stallTimer(client) : undefined;
      if (error === undefined || error === null) this.#apply(this.#hub.taken(client, bytes));
    });
  }

  #stallTimer(client: ClientId): NodeJS.Timeout {
    return setTimeout(() => {
      this.#apply(this.#hub.left(client));
      this.#drop(client, 'stalled', '');
    }, this.#options.stallTimeout ?? STALL_TIMEOUT);
  }

  #drop(client: ClientId, reason: DropReason | 'stalled', text: string): void {
    const connected = this.#clients.get(client);
    if (connected === undefined) return;
    clearTimeout(connected.stall);
    this.#clients.delete(client);
    this.#tell({ notice: 'dropped', client, reason });
    void finish(connected.socket, text);
  }

  #tell(notice: ShareNotice): void {
    callOut(() => this.#options.onNotice?.(notice));
  }

  async #end(): Promise<void> {
    this.#over = true;
    const ended = [...this.#clients.values()].map(({ socket, stall }) => {
      clearTimeout(stall);
      return finish(socket, '');
    });
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(ended);
    await closed;
  }
}

/** Ends a connection when its peer has read what was sent, or at the deadline. Nothing more is read from it. */
function finish(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) {
      resolve();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), FLUSH_TIMEOUT);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.removeAllListeners('data');
    socket.resume();
    if (text !== '') socket.write(text);
    socket.destroySoon();
  });
}
