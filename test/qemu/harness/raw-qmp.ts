import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  atLeast,
  observeTopology,
  parseQemuVersion,
  type QemuVersion,
  type Topology,
} from '../../../src/qdev/index.js';
import { PATIENCE } from '../../patience.js';

/** QEMU's answer to one command. */
export type RawReply = { ok: unknown } | { error: { class: string; desc: string } };

export interface RawEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface RawOptions {
  /** The program and its first arguments. */
  readonly command?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends QEMU. */
  readonly signal?: AbortSignal | undefined;
}

const WAIT_MS = PATIENCE;
/** The emulator's end of the QMP connection: a socket that it is born with, so that nobody has to wait for it to listen. */
const QMP_FD = 3;

/**
 * A real QEMU, stopped before its first instruction, and the plainest QMP connection to it: enough to compare the model with the
 * emulator without any of qplug's own client. It is killed when this process ends, however that happens.
 */
export class RawQemu implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #stderr: number;
  readonly #closed: Promise<unknown>;
  readonly #waiting: { resolve: (reply: RawReply) => void; reject: (error: Error) => void }[] = [];
  #watchers: ((event: RawEvent) => void)[] = [];
  #ended: string | undefined;
  #version: QemuVersion | undefined;
  /** How many batches `observe` has sent. */
  roundTrips = 0;

  private constructor(args: readonly string[], { command = ['qemu-system-x86_64'], env, signal }: RawOptions) {
    const qmp = ['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-qmp', 'chardev:qmp'];
    const fixed = ['-S', '-display', 'none', '-nodefaults', ...qmp];
    // A file, not a pipe: what QEMU wrote before an answer can be read when the answer is here.
    this.#stderr = namelessFile();
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', ...command, ...fixed, ...args], {
      stdio: ['ignore', 'ignore', this.#stderr, 'pipe'],
      env: { ...process.env, ...env },
      signal,
      killSignal: 'SIGKILL',
    });
    this.#process.on('error', (error) => {
      this.#ended ??= error.message;
    });
    this.#socket = this.#process.stdio[QMP_FD] as Socket;
    // QEMU may end with its reasons on stderr; that is told by its end.
    this.#socket.on('error', () => {});
    this.#closed = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.once('close', (code, killed) => {
      this.#ended ??= `ended with ${killed ?? code}`;
      const error = new Error(`QEMU ${this.#ended}: ${this.stderrSince(0)}`);
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  /**
   * @param args - beside `-S -display none -nodefaults` and the QMP connection
   * @throws Error with QEMU's stderr when it does not start
   */
  static async start(args: readonly string[], options: RawOptions = {}): Promise<RawQemu> {
    const qemu = new RawQemu(args, options);
    try {
      const greeting = await qemu.#greeting();
      const { major, minor, micro } = JSON.parse(greeting).QMP.version.qemu;
      qemu.#version = parseQemuVersion(`version ${major}.${minor}.${micro}`);
      if (qemu.#version === undefined) throw new Error(`no version in ${greeting}`);
      // A QEMU that ends while it starts may have greeted already.
      await qemu.ask('qmp_capabilities');
      await qemu.ask('query-status');
      return qemu;
    } catch (error) {
      await qemu[Symbol.asyncDispose]();
      throw error;
    }
  }

  get version(): QemuVersion {
    if (this.#version === undefined) throw new Error('QEMU has not greeted');
    return this.#version;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Sends a command; several may be on their way, QEMU answers them in order.
   *
   * @throws Error with QEMU's stderr when it ends instead
   */
  ask(command: string, args?: Readonly<Record<string, unknown>>): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(new Error(`QEMU ${this.#ended}: ${this.stderrSince(0)}`));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args ?? {} })}\n`);
    });
  }

  /** @returns undefined when the device was added, else QEMU's words */
  async add(args: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const reply = await this.ask('device_add', args);
    return 'error' in reply ? reply.error.desc : undefined;
  }

  /** Removes a device and waits until it is not listed any more: there is no event for an xHCI controller's end. */
  async remove(id: string): Promise<void> {
    await this.ask('device_del', { id });
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
      const list = await this.ask('qom-list', { path: `/machine/peripheral/${id}` });
      if ('error' in list) return;
      await sleep(5);
    }
    throw new Error(`${id} did not go`);
  }

  /** Resolves at the first event of which `is` says so; what came before the call does not count. */
  event(is: (event: RawEvent) => boolean): Promise<RawEvent> {
    return new Promise((resolve, reject) => {
      const forget = () => {
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((one) => one !== watcher);
      };
      const watcher = (event: RawEvent) => {
        if (!is(event)) return;
        forget();
        resolve(event);
      };
      const timer = setTimeout(() => {
        forget();
        reject(new Error('the event did not come'));
      }, WAIT_MS);
      this.#watchers.push(watcher);
    });
  }

  /** How many bytes QEMU has written to stderr. */
  stderrMark(): number {
    return fstatSync(this.#stderr).size;
  }

  /** What it has written since then. */
  stderrSince(mark: number): string {
    const bytes = Buffer.alloc(Math.max(0, this.stderrMark() - mark));
    return bytes.toString('utf8', 0, readSync(this.#stderr, bytes, 0, bytes.length, mark));
  }

  /** Drives qdev's reading over this connection. */
  async observe(): Promise<Topology> {
    const reading = observeTopology(this.version);
    let step = reading.next();
    this.roundTrips = 0;
    while (step.done !== true) {
      this.roundTrips++;
      step = reading.next(await Promise.all(step.value.map(({ command, arguments: args }) => this.ask(command, args))));
    }
    return step.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    this.#process.kill('SIGKILL');
    await this.#closed;
    closeSync(this.#stderr);
  }

  async #greeting(): Promise<string> {
    const lines = createInterface({ input: this.#socket });
    // Newer Nodes hand the socket's errors on.
    lines.on('error', () => {});
    const greeting = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve: () => {}, reject });
      lines.once('line', (line) => {
        this.#waiting.pop();
        resolve(line);
      });
    });
    lines.on('line', (line) => this.#take(line));
    return greeting;
  }

  #take(line: string): void {
    const message = JSON.parse(line);
    if ('event' in message)
      for (const watcher of this.#watchers) watcher({ event: message.event, data: message.data ?? {} });
    else this.#waiting.shift()?.resolve('error' in message ? { error: message.error } : { ok: message.return });
  }
}

/** A file that goes with its last descriptor. */
function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-stderr-'));
  try {
    return openSync(join(folder, 'stderr'), 'a+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @returns options with which a board that has sound starts on a machine that has none. QEMU 7.2 starts without them, and does not know them;
 *   QEMU 10.0 ends with "no default audio driver available"
 */
export function withoutSound(version: QemuVersion): readonly string[] {
  return atLeast(version, 8, 2) ? ['-audio', 'none'] : [];
}

/** @returns the version of a QEMU of this machine */
export function systemVersion(binary: string): QemuVersion {
  const version = parseQemuVersion(execFileSync(binary, ['--version'], { encoding: 'utf8' }));
  if (version === undefined) throw new Error(`${binary} tells no version`);
  return version;
}
