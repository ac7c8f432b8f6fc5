import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { OpenTransport } from '../src/qmp/connection/transport.js';

/** A QMP server that is no QEMU: it says what a test wants. By itself it is a small VM that tells the truth. */

/** A command as it was sent. */
export interface Call {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** How many commands came before it. */
  readonly n: number;
}

/** What a server does about a command. */
export type Said =
  | { readonly return: unknown }
  | { readonly error: { readonly class: string; readonly desc: string } }
  /** Another message than an answer, or no message at all: `ID` stands for the command's id. */
  | { readonly text: string }
  | 'nothing'
  | 'hang up';

/** A server's answers, with events and the like before them. */
export type Answer = (call: Call, send: (message: object) => void) => Said | Promise<Said>;

const GREETING = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: '' }, capabilities: [] },
} as const;

const EMPTY: Said = { return: {} };
const gone: Said = { error: { class: 'DeviceNotFound', desc: 'not there' } };

/** A VM with an xHCI of four ports, into which devices can be plugged. */
export class SmallVm {
  /** What was plugged in: id, port and driver. */
  readonly devices: Map<string, { readonly port: string; readonly driver: string }> = new Map();
  readonly calls: string[] = [];

  readonly answer: Answer = ({ command, args }, send) => {
    this.calls.push(command);
    switch (command) {
      case 'query-status':
        return { return: { status: 'running', running: true, singlestep: false } };
      case 'query-name':
        return { return: { name: 'small' } };
      case 'qom-list':
        return this.#list(String(args['path']));
      case 'qom-get':
        return this.#get(String(args['path']), String(args['property']));
      case 'x-query-usb':
        return { return: { 'human-readable-text': this.#usb() } };
      case 'human-monitor-command':
        return { return: '' };
      case 'device_add':
        this.devices.set(String(args['id']), { port: String(args['port']), driver: String(args['driver']) });
        return EMPTY;
      case 'device_del': {
        const device = String(args['id']);
        if (!this.devices.delete(device)) return gone;
        send({ event: 'DEVICE_DELETED', data: { device, path: `/machine/peripheral/${device}` } });
        return EMPTY;
      }
      case 'query-block':
      case 'query-commands':
      case 'query-jobs':
      case 'query-migrate-capabilities':
      case 'device-list-properties':
        return { return: [] };
      default:
        return EMPTY;
    }
  };

  #list(path: string): Said {
    const ids = [...this.devices];
    const children: Readonly<Record<string, readonly (readonly [name: string, type: string])[]>> = {
      '/machine': [
        ['peripheral', 'child<container>'],
        ['peripheral-anon', 'child<container>'],
        ['unattached', 'child<container>'],
      ],
      '/machine/peripheral': [
        ['xhci', 'child<qemu-xhci>'],
        ...ids.map(([id, { driver }]) => [id, `child<${driver}>`] as const),
      ],
      '/machine/peripheral-anon': [],
      '/machine/unattached': [],
      '/machine/peripheral/xhci': [['xhci.0', 'child<usb-bus>']],
      '/machine/peripheral/xhci/xhci.0': ids.map(([, { driver }], i) => [`child[${i}]`, `link<${driver}>`]),
      '/objects': [],
    };
    const found = children[path];
    if (found !== undefined) return { return: found.map(([name, type]) => ({ name, type })) };
    return this.devices.has(path.replace('/machine/peripheral/', '')) ? { return: [] } : gone;
  }

  #get(path: string, property: string): Said {
    const [, index] = /child\[(\d+)\]$/.exec(`${path}/${property}`.replace(/\/(port|attached|ports)$/, '')) ?? [];
    const [id, device] = [...this.devices][Number(index)] ?? [];
    if (property.startsWith('child[')) return id === undefined ? gone : { return: `/machine/peripheral/${id}` };
    if (path === '/machine/peripheral/xhci' && /^p[23]$/.test(property)) return { return: 4 };
    if (device !== undefined && property === 'port') return { return: device.port };
    if (device !== undefined && property === 'attached') return { return: true };
    return { error: { class: 'GenericError', desc: `Property '.${property}' not found` } };
  }

  #usb(): string {
    const lines = [...this.devices].map(
      ([id, { port }]) => `  Device 0.0, Port ${port}, Speed 480 Mb/s, Product Tablet, ID: ${id}\n`,
    );
    return lines.join('');
  }
}

interface Wire {
  write(text: string): void;
  hangUp(): void;
}

/** One session of the server: reads what a client sends, and answers one command after the other. */
function session(wire: Wire, answer: Answer): (text: string) => void {
  let held = '';
  let n = 0;
  let before: Promise<void> = Promise.resolve();
  const send = (message: object): void => wire.write(`${JSON.stringify(message)}\r\n`);
  const one = async (line: string): Promise<void> => {
    const { execute: command, arguments: args = {}, id } = JSON.parse(line);
    const said: Said = command === 'qmp_capabilities' ? EMPTY : await answer({ command, args, n: n++ }, send);
    if (said === 'hang up') wire.hangUp();
    else if (said !== 'nothing') {
      if ('text' in said) wire.write(`${said.text.replace('ID', String(id))}\r\n`);
      else send({ ...said, id });
    }
  };
  return (text) => {
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) before = before.then(() => one(line));
  };
}

/** The server at a unix socket. */
export class LyingQemu implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, answer: Answer, greeting: string) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.setEncoding('utf8');
      socket.write(greeting);
      const wire = { write: (text: string) => void socket.write(text), hangUp: () => void socket.destroy() };
      socket.on('data', session(wire, answer));
    });
    this.#server.listen(path);
  }

  /**
   * @param path - of its socket
   * @param greeting - what it says first, line end included
   */
  static async at(path: string, answer: Answer, greeting = `${JSON.stringify(GREETING)}\r\n`): Promise<LyingQemu> {
    rmSync(path, { force: true });
    const qemu = new LyingQemu(path, answer, greeting);
    await new Promise((resolve, reject) => {
      qemu.#server.once('listening', resolve);
      qemu.#server.once('error', reject);
    });
    return qemu;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The server without a socket, for `connectOver`: what it says comes with the next turn of the event loop. */
export function lyingTransport(answer: Answer): OpenTransport {
  return (_address, events) => {
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      events.ended();
    };
    const wire = {
      write: (text: string) => void setImmediate(() => over || events.data(Buffer.from(text))),
      hangUp: () => void setImmediate(end),
    };
    setImmediate(() => {
      events.opened();
      wire.write(`${JSON.stringify(GREETING)}\r\n`);
    });
    return { send: session(wire, answer), close: () => setImmediate(end), destroy: () => setImmediate(end) };
  };
}
