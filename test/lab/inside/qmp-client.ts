import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { until } from './until.js';

/** A QMP message, as it came. */
export type Message = { [key: string]: unknown };

/** What QEMU answered instead of a result. */
export class QmpFailure extends Error {
  override readonly name = 'QmpFailure';
  readonly class: string;
  constructor(command: string, error: { class: string; desc: string }) {
    super(`${command}: ${error.desc} (${error.class})`);
    this.class = error.class;
  }
}

interface Wire {
  send(text: string): void;
  close(): void;
}

/** The harness's own QMP client. It is small, and not the one of qplug, which it helps to test. */
export class Qmp implements Disposable {
  /** Every event since the connection was made. */
  readonly events: Message[] = [];
  readonly #replies = new Map<string, Message>();
  #wire: Wire | undefined;
  #rest = '';
  #count = 0;
  #closed = false;

  /** Connects to a QMP socket, waiting until it is there. */
  static async overSocket(path: string): Promise<Qmp> {
    const qmp = new Qmp();
    const socket = await until(`a QMP server at ${path}`, () => tryConnect(path));
    socket.setEncoding('utf8').on('data', (text: string) => qmp.#receive(text));
    socket.on('close', () => qmp.#end()).on('error', () => qmp.#end());
    qmp.#wire = { send: (text) => void socket.write(text), close: () => void socket.destroy() };
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /**
   * Connects to the QEMU that the lab runs on, by its virtio port. Polls the port without blocking, because a blocked read could not be
   * ended. Does not wait for a greeting, because an earlier reader may have read it, or half a message.
   */
  static async overPort(): Promise<Qmp> {
    const qmp = new Qmp();
    const file = openSync(findPort(), constants.O_RDWR | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(65536);
    const decoder = new TextDecoder();
    const timer = setInterval(() => {
      for (let size = readNow(file, buffer); size > 0; size = readNow(file, buffer))
        qmp.#receive(decoder.decode(buffer.subarray(0, size), { stream: true }));
    }, 15);
    timer.unref();
    qmp.#wire = {
      send: (text) => void writeSync(file, text),
      close: () => {
        clearInterval(timer);
        closeSync(file);
      },
    };
    await qmp.execute('qmp_capabilities').catch((error: unknown) => {
      if (!(error instanceof QmpFailure)) throw error; // "already complete": a reader before us
    });
    return qmp;
  }

  /**
   * Runs a command.
   *
   * @returns its `return` value
   * @throws QmpFailure when QEMU refuses; Error when the connection ends or no answer comes within the timeout (ms)
   */
  async execute(command: string, args: object = {}, timeout = 300_000): Promise<unknown> {
    const id = `lab-${++this.#count}`;
    this.#wire?.send(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const reply = await until(`the answer to ${command}`, () => this.#closed || this.#replies.get(id), {
      timeout,
      interval: 3,
    });
    if (reply === true) throw new Error(`the QMP connection ended before the answer to ${command}`);
    this.#replies.delete(id);
    if (reply['error']) throw new QmpFailure(command, reply['error'] as { class: string; desc: string });
    return reply['return'];
  }

  /** Runs a command of the human monitor; returns its text. */
  async human(line: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': line }));
  }

  /** Properties below QOM paths: `qom-get`. */
  async get(path: string, property: string): Promise<unknown> {
    return await this.execute('qom-get', { path, property });
  }

  [Symbol.dispose](): void {
    this.#end();
    this.#wire?.close();
    this.#wire = undefined;
  }

  #end(): void {
    this.#closed = true;
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse(line);
      if (message?.['event']) this.events.push(message);
      else if (typeof message?.['id'] === 'string') this.#replies.set(message['id'], message);
    }
  }
}

function parse(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined; // the end of a message whose beginning an earlier reader had
  }
}

function readNow(file: number, buffer: Buffer): number {
  try {
    return readSync(file, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

function findPort(): string {
  const folder = '/sys/class/virtio-ports';
  const port = readdirSync(folder).find((one) => readIfThere(`${folder}/${one}/name`).trim() === 'lab');
  if (port === undefined) throw new Error('this machine is no lab: it has no virtio port "lab"');
  return `/dev/${port}`;
}

/** The console is a virtio port too, without a name. */
function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function tryConnect(path: string): Promise<ReturnType<typeof connect> | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket.removeAllListeners('error')));
    socket.once('error', () => resolve(undefined));
  });
}
