import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureQemuRelease, qemuCommand } from '../../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../../scripts/usb-stand-in.mjs';
import type { QemuVersion, Topology } from '../../../src/qdev/index.js';
import { RawQemu, type RawReply } from '../../qemu/harness/raw-qmp.js';
import { type StandInDevice, standInFile } from './stand-in-device.js';

export type { StandInDevice } from './stand-in-device.js';

export interface OracleOptions {
  /** One of RELEASES in scripts/qemu-releases.mjs. */
  readonly release: string;
  /** Beside `-S -display none -nodefaults` and the QMP connection; with `-machine`. */
  readonly args: readonly string[];
  /** The USB devices of its host; default none, whatever this machine has. A string is the text of the stand-in's file. */
  readonly host?: readonly StandInDevice[] | string;
  readonly emulator?: 'x86_64' | 'aarch64';
  readonly signal?: AbortSignal;
}

/**
 * A real QEMU of a release, stopped before its first instruction, on a host whose USB devices the test chooses. usb-host and all else are
 * QEMU's own; libusb is the stand-in.
 */
export class OracleQemu implements AsyncDisposable {
  readonly #qemu: RawQemu;
  readonly #folder: string;
  readonly release: string;

  private constructor(qemu: RawQemu, folder: string, release: string) {
    this.#qemu = qemu;
    this.#folder = folder;
    this.release = release;
  }

  /** @throws Error with QEMU's stderr when it does not start */
  static async start({
    release: name,
    args,
    host = [],
    emulator = 'x86_64',
    signal,
  }: OracleOptions): Promise<OracleQemu> {
    const release = await ensureQemuRelease(name);
    const standIn = ensureStandIn((line) => console.log(`oracle: ${line}`));
    const folder = await mkdtemp(join(tmpdir(), 'qplug-oracle-'));
    try {
      await writeHost(folder, host);
      const qemu = await RawQemu.start(args, {
        command: qemuCommand(release, { emulator, librariesFirst: [standIn] }),
        env: {
          ...release.env,
          USB_STAND_IN_DEVICES: join(folder, 'devices'),
          USB_STAND_IN_LOG: join(folder, 'log'),
        },
        signal,
      });
      return new OracleQemu(qemu, folder, name);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** From its greeting; it may differ from the release's name, because sid changes. */
  get version(): QemuVersion {
    return this.#qemu.version;
  }

  get pid(): number | undefined {
    return this.#qemu.pid;
  }

  /**
   * Sends a command. Several may be pending; QEMU answers them in order.
   *
   * @throws Error with QEMU's stderr when it ends instead
   */
  ask(command: string, args?: Readonly<Record<string, unknown>>): Promise<RawReply> {
    return this.#qemu.ask(command, args);
  }

  /**
   * Removes devices and waits for DEVICE_DELETED of each, which QEMU sends 50 ms later or more: several at once are as quick as one.
   *
   * @throws Error with QEMU's words when it refuses one
   */
  async remove(...ids: readonly string[]): Promise<void> {
    const gone = ids.map((id) =>
      this.#qemu.event(({ event, data }) => event === 'DEVICE_DELETED' && data['device'] === id),
    );
    const replies = await Promise.all(ids.map((id) => this.ask('device_del', { id })));
    for (const reply of replies) if ('error' in reply) throw new Error(reply.error.desc);
    await Promise.all(gone);
  }

  stderrMark(): number {
    return this.#qemu.stderrMark();
  }

  /** What QEMU has written since that mark: all that it wrote before the last answer is there. */
  stderrSince(mark: number): string {
    return this.#qemu.stderrSince(mark);
  }

  /** Plugs and unplugs: the host has these devices now. QEMU sees them when it next looks. */
  setHost(devices: readonly StandInDevice[]): Promise<void> {
    return writeHost(this.#folder, devices);
  }

  /** The path of a host device's node, for `hostdevice`. */
  hostNode(bus: number, address: number): string {
    return nodePath(this.#folder, bus, address);
  }

  /**
   * What reached the host's devices since the start, one line each: `BUS.ADDRESS WHAT`, with WHAT such as `open`, `open error -3`,
   * `detach-driver INTERFACE`, `attach-driver INTERFACE`, `claim INTERFACE`, `release INTERFACE`, `reset`, `close`,
   * `control TYPE REQUEST VALUE INDEX LENGTH`.
   */
  async standInLog(): Promise<string[]> {
    const path = join(this.#folder, 'log');
    if (!existsSync(path)) return [];
    return (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  }

  /** The topology that qplug reads from it. */
  observe(): Promise<Topology> {
    return this.#qemu.observe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qemu[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

const nodePath = (folder: string, bus: number, address: number): string =>
  join(folder, 'bus/usb', String(bus).padStart(3, '0'), String(address).padStart(3, '0'));

async function writeHost(folder: string, host: readonly StandInDevice[] | string): Promise<void> {
  const devices = typeof host === 'string' ? [] : host;
  for (const { bus, address } of devices) {
    const node = nodePath(folder, bus, address);
    await mkdir(dirname(node), { recursive: true });
    await writeFile(node, '');
  }
  const file = join(folder, 'devices');
  await writeFile(`${file}.new`, typeof host === 'string' ? host : standInFile(devices));
  await rename(`${file}.new`, file);
}
