import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from '../../../scripts/folders.mjs';
import { ensureQemuRelease, qemuCommand } from '../../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../../scripts/usb-stand-in.mjs';
import { poll } from '../../../src/base/index.js';
import { patience } from '../../patience.js';
import { writeEmptyImage } from '../../qemu/harness/empty-image.js';
import { type PlainQemu, startQemuOf } from '../../qemu/harness/plain-qemu.js';
import { type Ran, qplug as run } from '../../unit/cli/fake-terminal.js';
import { recordedHost } from './recorded-host.js';
import { TABLET } from './recorded-tablet.js';
import { standInFile } from './stand-in-device.js';

const RECORDING = join(root, 'test/fixtures/sysfs/six-devices.json');
const sysfs = recordedHost(RECORDING);

/** A device in the document of `status --json`. */
interface Device {
  readonly id: string;
  readonly driver: string;
  readonly port: string;
  readonly attached: boolean;
}

/** The state of a VM after the next command. */
export interface Seen {
  readonly state: string;
  readonly devices: readonly Device[];
  /** Tags of its snapshots. */
  readonly snapshots: readonly string[];
}

/** How a qplug that was to be killed ended, and the marks that it had written. */
export interface CutOff {
  readonly marks: readonly string[];
  readonly code: unknown;
  readonly signal: unknown;
  readonly err: string;
}

/** @returns the devices of the host among them */
export const hosts = ({ devices }: Seen): readonly Device[] => devices.filter(({ driver }) => driver === 'usb-host');

/**
 * A guest that halts at once. SeaBIOS would go on using the keyboard that it found, even if another one was plugged in in its place since.
 * If that VM is saved and loaded, QEMU ends (7.2, 11.1: the assertion in usb_handle_packet, hw/usb/core.c): a slot of the xHCI that the
 * guest never gave up gets the new device, which was never reset (hw/usb/hcd-xhci.c, usb_xhci_post_load).
 *
 * @returns 64 KiB; the processor starts with the last sixteen bytes: cli, hlt, jmp to hlt
 */
function haltingBios(): Uint8Array {
  const bios = new Uint8Array(65_536);
  bios.set([0xfa, 0xf4, 0xeb, 0xfd], bios.length - 16);
  return bios;
}

/** A VM for tests that kill qplug or QEMU: a real QEMU of a release whose host is a stand-in, with claims and a journal of its own. */
export class CutVm implements AsyncDisposable {
  readonly #release: string;
  readonly #program: string;
  readonly #own: string;
  readonly #env: Readonly<Record<string, string>>;
  #qemus: PlainQemu[] = [];

  /**
   * @param folder - the VM makes a folder of its own in it
   * @param program - killed-qplug, bundled
   */
  constructor(release: string, folder: string, program: string) {
    this.#release = release;
    this.#program = program;
    this.#own = mkdtempSync(join(folder, 'vm-'));
    writeFileSync(join(this.#own, 'devices'), standInFile([TABLET]));
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      QPLUG_RUNTIME_DIR: join(this.#own, 'run'),
      QPLUG_STATE_DIR: join(this.#own, 'state'),
    };
  }

  get socket(): string {
    return this.#qemus[0]?.socket ?? '';
  }

  /** Where its guest is sent. */
  get uri(): string {
    return `unix:${join(this.#own, 'in.sock')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const qemu of this.#qemus) await qemu[Symbol.asyncDispose]();
    this.#qemus = [];
  }

  /** Begins anew, with a QEMU without devices whose guest runs. */
  async start(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await this.#startQemu();
    await this.must('qmp', this.socket, 'cont');
  }

  /** Starts the QEMU that waits for its guest. */
  async otherSide(): Promise<void> {
    await this.#startQemu('-incoming', this.uri);
  }

  async #startQemu(...more: readonly string[]): Promise<void> {
    const found = await ensureQemuRelease(this.#release);
    const standIn = ensureStandIn((line) => console.log(line));
    const [disk, bios] = [join(this.#own, `disk-${this.#qemus.length}.qcow2`), join(this.#own, 'bios')];
    writeEmptyImage(disk, 'qcow2');
    writeFileSync(bios, haltingBios());
    const stand = { USB_STAND_IN_DEVICES: join(this.#own, 'devices'), USB_STAND_IN_LOG: join(this.#own, 'log') };
    const qemu = await startQemuOf(
      { command: qemuCommand(found, { librariesFirst: [standIn] }), env: { ...found.env, ...stand } },
      ...['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-bios', bios, '-device', 'qemu-xhci,id=x'],
      ...['-drive', `file=${disk},format=qcow2,if=none,id=d`, '-device', 'virtio-blk-pci,drive=d'],
      ...more,
    );
    this.#qemus.push(qemu);
  }

  say(...words: readonly string[]): Promise<Ran> {
    return run(words, { env: this.#env, sysfs });
  }

  async must(...words: readonly string[]): Promise<Ran> {
    const ran = await this.say(...words);
    expect(ran.exit, `${words.join(' ')}: ${ran.err}\nQEMU: ${this.#qemus[0]?.words()}`).toBe(0);
    return ran;
  }

  /**
   * Runs commands until one has recovered what an interrupted qplug left. Each gives the recovery only a share of its time, so on a slow
   * machine it takes several.
   *
   * @returns their stderr
   */
  async nextCommands(): Promise<string> {
    let told = '';
    const mended = async (): Promise<true | undefined> => {
      told += (await this.must('list')).err;
      return this.journal().length === 0 ? true : undefined;
    };
    await poll(mended, { interval: 20, signal: patience() });
    return told;
  }

  async #document(...words: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.must(...words, '--json')).out);
  }

  /** Runs a qplug that is killed, or whose QEMU is killed, as soon as it has written that many marks; 0: never. */
  async cutOff(at: number, victim: 'qplug' | 'qemu', words: readonly string[]): Promise<CutOff> {
    const log = join(this.#own, 'marks');
    rmSync(log, { force: true });
    const child = spawn(process.execPath, [this.#program, RECORDING, log, String(at), victim, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: this.#env,
    });
    let err = '';
    child.stderr.on('data', (text) => {
      err += String(text);
    });
    const [code, signal] = await once(child, 'close');
    const marks = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
    return { marks, code, signal, err };
  }

  async look(): Promise<Seen> {
    const { state, topology } = (await this.#document('status', this.socket)) as {
      state: string;
      topology: { controllers: { devices: Device[] }[] };
    };
    const { snapshots } = (await this.#document('snapshot', 'list', this.socket)) as {
      snapshots: { tag: string; known: boolean }[];
    };
    expect(snapshots.every(({ known }) => known)).toBe(true);
    const devices = topology.controllers.flatMap((controller) => controller.devices);
    return { state, devices, snapshots: snapshots.map(({ tag }) => tag) };
  }

  /** As at first: nothing in the VM, no snapshot, a guest that runs. */
  async clear(): Promise<void> {
    const { devices, snapshots, state } = await this.look();
    for (const { id } of devices) await this.must('detach', this.socket, id);
    for (const tag of snapshots) await this.must('snapshot', 'delete', this.socket, tag);
    if (state === 'paused') await this.must('resume', this.socket);
    const [left] = hosts(await this.look());
    if (left !== undefined) await this.must('detach', this.socket, left.id);
  }

  /** @returns each claim's id and state */
  async claims(): Promise<string[]> {
    const { claims } = (await this.#document('claims')) as { claims: { device: { id: string }; state: string }[] };
    return claims.map(({ device, state }) => `${device.id} ${state}`);
  }

  get journalFolder(): string {
    return join(this.#env['QPLUG_STATE_DIR'] ?? '', 'journal');
  }

  /** @returns the files of the journal */
  journal(): string[] {
    return readdirSync(this.journalFolder);
  }
}
