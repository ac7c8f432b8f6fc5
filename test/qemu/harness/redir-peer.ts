import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Bits of a hello (usbredirproto.h). */
export const CAPS = { version: 1, filter: 2, packetSizes: 4, longIds: 5, longBulk: 6 } as const;

/** Types of packets. */
const HELLO = 0;
const DEVICE_CONNECT = 1;
const INTERFACE_INFO = 4;
const EP_INFO = 5;
const FILTER_REJECT = 22;

const SLOTS = 32;
const SPEEDS = { low: 0, full: 1, high: 2, super: 3, unknown: 255 } as const;
const TYPES = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;

interface AnnouncedEndpoint {
  readonly type: keyof typeof TYPES;
  readonly maxPacketSize: number;
}

/** The far side of a usb-redir: it announces one device, and hears whether QEMU sends it away. */
export class RedirPeer implements Disposable {
  readonly #socket: Socket;
  readonly #caps: ReadonlySet<number>;
  /** 8 bytes of id in each header, once both sides can. QEMU always can. */
  readonly #longIds: boolean;
  #heard = Buffer.alloc(0);
  #rejected = false;

  private constructor(socket: Socket, caps: ReadonlySet<number>) {
    this.#socket = socket;
    this.#caps = caps;
    this.#longIds = caps.has(CAPS.longIds);
    socket.on('data', (chunk) => this.#read(Buffer.from(chunk)));
  }

  /**
   * @param path - the socket of the chardev
   * @param caps - numbers of CAPS; `filter` is what lets it hear of a rejection
   */
  static async connect(path: string, caps: readonly number[]): Promise<RedirPeer> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    const peer = new RedirPeer(socket, new Set(caps));
    const hello = Buffer.alloc(64 + 4);
    hello.write('qplug test peer');
    hello.writeUInt32LE(
      caps.reduce((bits, cap) => bits | (1 << cap), 0),
      64,
    );
    peer.#send(HELLO, hello);
    return peer;
  }

  /** Whether QEMU has refused what was announced. */
  get rejected(): boolean {
    return this.#rejected;
  }

  announce(speed: keyof typeof SPEEDS, endpoints: readonly AnnouncedEndpoint[]): void {
    const interfaces = Buffer.alloc(4 + 4 * SLOTS);
    interfaces.writeUInt32LE(1);
    interfaces[4 + SLOTS] = 255;
    this.#send(INTERFACE_INFO, interfaces);
    this.#send(EP_INFO, this.#endpoints(endpoints));
    const device = Buffer.alloc(this.#caps.has(CAPS.version) ? 10 : 8);
    device[0] = SPEEDS[speed];
    device.writeUInt16LE(0x1209, 4);
    device.writeUInt16LE(0x0001, 6);
    this.#send(DEVICE_CONNECT, device);
  }

  /** Endpoint 0 in both directions is control; the announced ones are IN endpoints from 1 on, in the upper half. */
  #endpoints(endpoints: readonly AnnouncedEndpoint[]): Buffer {
    const info = Buffer.alloc(3 * SLOTS + (this.#caps.has(CAPS.packetSizes) ? 2 * SLOTS : 0));
    info.fill(255, 0, SLOTS);
    info[0] = TYPES.control;
    info[SLOTS / 2] = TYPES.control;
    for (const [i, { type, maxPacketSize }] of endpoints.entries()) {
      const slot = SLOTS / 2 + 1 + i;
      info[slot] = TYPES[type];
      info[SLOTS + slot] = 1;
      if (this.#caps.has(CAPS.packetSizes)) info.writeUInt16LE(maxPacketSize, 3 * SLOTS + 2 * slot);
    }
    return info;
  }

  /** The hello has the short header always. */
  #send(type: number, body: Buffer): void {
    const header = Buffer.alloc(type === HELLO || !this.#longIds ? 12 : 16);
    header.writeUInt32LE(type);
    header.writeUInt32LE(body.length, 4);
    this.#socket.write(Buffer.concat([header, body]));
  }

  #read(chunk: Buffer): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    for (;;) {
      if (this.#heard.length < 12) return;
      const type = this.#heard.readUInt32LE();
      const end = (type === HELLO || !this.#longIds ? 12 : 16) + this.#heard.readUInt32LE(4);
      if (this.#heard.length < end) return;
      this.#heard = this.#heard.subarray(end);
      if (type === FILTER_REJECT) this.#rejected = true;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
