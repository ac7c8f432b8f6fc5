import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeTopology, parseQemuVersion, type QemuVersion, type Topology } from '../../src/qdev/index.js';

/** QEMU's answer to one command. */
export type RawReply = { ok: unknown } | { error: { class: string; desc: string } };

const WAIT_MS = 30_000;

/**
 * A real QEMU, stopped before its first instruction, and the plainest QMP connection to it: enough to compare the model with the
 * emulator without any of qplug's own client.
 */
export class RawQemu implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #folder: string;
  readonly #waiting: ((reply: RawReply) => void)[] = [];
  /** How many batches `observe` has sent. */
  roundTrips = 0;
  readonly version: QemuVersion;

  private constructor(process: ChildProcess, socket: Socket, folder: string, version: QemuVersion) {
    this.#process = process;
    this.#socket = socket;
    this.#folder = folder;
    this.version = version;
  }

  /**
   * @param args - beside `-S -display none -nodefaults` and the QMP socket
   * @throws Error with QEMU's stderr when it does not start
   */
  static async start(args: readonly string[], binary = 'qemu-system-x86_64'): Promise<RawQemu> {
    const folder = await mkdtemp(join(tmpdir(), 'qplug-qemu-'));
    const path = join(folder, 'qmp');
    const qmp = ['-S', '-display', 'none', '-nodefaults', '-qmp', `unix:${path},server=on,wait=off`];
    const child = spawn(binary, [...qmp, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = once(child, 'exit').then(([code]) => `${binary} ended with ${code}: ${stderr}`);
    const socket = await Promise.race([connect(path), ended]);
    const greeting = typeof socket === 'string' ? socket : await Promise.race([greet(socket), ended]);
    if (typeof socket === 'string' || typeof greeting === 'string') {
      await rm(folder, { recursive: true });
      throw new Error(String(greeting));
    }
    const qemu = new RawQemu(child, socket, folder, greeting.version);
    greeting.lines.on('line', (line) => qemu.#take(line));
    await qemu.ask('qmp_capabilities');
    return qemu;
  }

  /** Sends a command; several may be on their way, QEMU answers them in order. */
  ask(command: string, args?: Readonly<Record<string, unknown>>): Promise<RawReply> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args ?? {} })}\n`);
    });
  }

  /** @returns undefined when the device was added, else QEMU's words */
  async add(args: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const reply = await this.ask('device_add', args);
    return 'error' in reply ? reply.error.desc : undefined;
  }

  /** Removes a device and waits until it is not listed any more. */
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
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    await rm(this.#folder, { recursive: true });
  }

  #take(line: string): void {
    const message = JSON.parse(line);
    if ('event' in message) return;
    this.#waiting.shift()?.('error' in message ? { error: message.error } : { ok: message.return });
  }
}

async function connect(path: string): Promise<Socket> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      // QEMU may still end, with its reasons on stderr.
      socket.on('error', () => {});
      return socket;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(20);
    }
  }
}

async function greet(socket: Socket) {
  const lines = createInterface({ input: socket });
  const [line] = (await once(lines, 'line')) as [string];
  const { major, minor, micro } = JSON.parse(line).QMP.version.qemu;
  const version = parseQemuVersion(`version ${major}.${minor}.${micro}`);
  if (version === undefined) throw new Error(`no version in ${line}`);
  return { lines, version };
}
