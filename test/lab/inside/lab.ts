import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { QemuDevice } from '../shared.js';
import { type LabDevice, readDevices, settled } from './devices.js';
import { Gadget, type GadgetSpec } from './gadget.js';
import type { Victim } from './killed.js';
import { type NestedQemu, startNested } from './nested-qemu.js';
import { facts, type Outer } from './outer.js';
import { type ExecOptions, type Finished, type Running, start } from './process.js';
import { type Found, type UntilOptions, until } from './until.js';

/**
 * What a check may do. When the check ends, the lab undoes everything: it quits nested VMs, kills processes, unplugs devices or
 * plugs them in again, and removes gadgets and the folder.
 */
export class Lab {
  /** The project's folder. */
  readonly root: string = facts.root;
  /** A new folder for this check, in /run (short enough for socket paths). */
  readonly folder: string = mkdtempSync('/run/check-');
  /** Kernel and initramfs for `-kernel` and `-initrd` of a nested VM; outside/guest-init.sh says what the guest prints. */
  readonly guest: { kernel: string; initrd: string } = facts.guest;
  /** Fires at the check's deadline. */
  readonly signal: AbortSignal;
  /** The notes of the check. Shown if it fails. */
  readonly lines: string[] = [];
  readonly #outer: Outer;
  readonly #undo: (() => unknown)[] = [];
  #count = 0;

  constructor(outer: Outer, signal: AbortSignal) {
    this.#outer = outer;
    this.signal = signal;
  }

  /** Adds a note, which is shown if the check fails. */
  log(line: string): void {
    this.lines.push(line);
  }

  /** Waits until the answer is truthy. @throws Error that names `what` */
  async until<T>(what: string, ask: () => T | Promise<T>, options: UntilOptions = {}): Promise<Found<T>> {
    return await until(what, ask, { signal: this.signal, ...options });
  }

  /** Adds something to undo at the end of the check, last first. */
  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  /** All USB devices of the lab but root hubs. */
  devices(): LabDevice[] {
    return readDevices();
  }

  /** The only device with that serial number or that `vvvv:pppp`. @throws Error when there is none, or several */
  device(key: string): LabDevice {
    const found = readDevices().filter((one) => one.serial === key || one.id === key || one.name === key);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} devices are "${key}"`);
    return found[0];
  }

  /** Plugs a device into the lab's machine; returns it as the kernel shows it. */
  async plug(device: QemuDevice): Promise<LabDevice> {
    this.signal.throwIfAborted();
    return await this.#outer.plug(device);
  }

  /** Unplugs the device with that id; returns the names in sysfs that are gone. */
  async pull(id: string): Promise<string[]> {
    this.signal.throwIfAborted();
    return await this.#outer.pull(id);
  }

  /** Plugs in again a device that was there at boot and was unplugged. */
  async plugBack(id: string): Promise<LabDevice> {
    this.signal.throwIfAborted();
    return await this.#outer.plugBack(id);
  }

  /** Makes a disk of 1 MiB for a `usb-storage` with `drive: name`. */
  async addDisk(name: string): Promise<void> {
    await this.#outer.addDisk(name);
  }

  /** Makes a gadget and plugs it in; returns it with the device that the kernel sees. */
  async gadget(spec: GadgetSpec): Promise<{ gadget: Gadget; device: LabDevice }> {
    loadGadgetModules(spec);
    const gadget = new Gadget(`g${++this.#count}`, spec);
    this.defer(() => gadget.remove());
    const device = await this.appears(spec.id, () => gadget.plug());
    return { gadget, device };
  }

  /** Does something and waits for the device with that `vvvv:pppp` that appears because of it. */
  async appears(id: string, act: () => unknown): Promise<LabDevice> {
    const known = new Set(readDevices().map((one) => `${one.name} ${one.address}`));
    await act();
    return await this.until(`a new device ${id}`, () =>
      readDevices().find((one) => one.id === id && settled(one) && !known.has(`${one.name} ${one.address}`)),
    );
  }

  /** Runs a process to its end and returns its output. The deadline of the check kills it. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Finished> {
    const running = await this.start(argv, options);
    return await running.finished;
  }

  /** Starts a process; it is killed at the end of the check if it still runs then. */
  async start(argv: readonly string[], options: ExecOptions = {}): Promise<Running> {
    this.signal.throwIfAborted();
    const running = await start(argv, options);
    this.signal.addEventListener('abort', () => running.kill('SIGKILL'));
    this.defer(async () => {
      running.kill('SIGKILL');
      await running.finished;
    });
    return running;
  }

  /** Runs the qplug that was built outside before the boot. */
  async qplug(args: readonly string[], options: ExecOptions = {}): Promise<Finished> {
    return await this.exec(this.qplugArgv(args), options);
  }

  /** The words that start that qplug, for `start`. */
  qplugArgv(args: readonly string[]): string[] {
    return [process.execPath, join(this.root, 'dist/cli/main.js'), ...patiently(args)];
  }

  /**
   * Prepares a command line of qplug that kills a process at a mark of its journal (src/registry/journal/journal.ts).
   *
   * @param at - which mark, from 1; 0: kills nothing
   * @returns a function that starts it, and returns the written marks and how it ended
   */
  async killedAt(
    at: number,
    victim: Victim,
    words: readonly string[],
  ): Promise<() => Promise<{ marks: string[]; end: Finished }>> {
    const log = join(this.folder, `marks-${++this.#count}`);
    const running = await this.start([
      process.execPath,
      this.program('killed'),
      log,
      String(at),
      victim,
      ...patiently(words),
    ]);
    return async () => {
      writeFileSync(`${log}.go`, '');
      const end = await running.finished;
      return { marks: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [], end };
    };
  }

  /** The path of a program of this folder that was bundled for the checks. */
  program(name: 'killed' | 'racer'): string {
    return process.argv[1]?.replace(/[^/]+$/, `${name}.mjs`) ?? '';
  }

  /** Starts a VM inside the lab, paused; it is asked to quit at the end of the check. */
  async startQemu(args: readonly string[]): Promise<NestedQemu> {
    this.signal.throwIfAborted();
    const vm = await startNested(this.folder, `vm${++this.#count}`, args);
    this.defer(() => vm.quit());
    return vm;
  }

  /** Undoes everything, last first. Tells what could not be undone. */
  async clean(): Promise<string[]> {
    const troubles: string[] = [];
    const attempt = async (undo: () => unknown): Promise<void> => {
      try {
        await undo();
      } catch (error) {
        troubles.push(`cleaning up: ${String(error)}`);
      }
    };
    for (const undo of this.#undo.reverse()) await attempt(undo);
    await attempt(() => this.#outer.restore());
    rmSync(this.folder, { recursive: true, force: true });
    return troubles;
  }
}

/** The commands with a default timeout of some seconds, which is too short for an emulated machine. */
const IN_A_HURRY = ['attach', 'detach', 'plan', 'qmp', 'rebalance', 'release', 'resume', 'run', 'status', 'suspend'];

/** A command line of qplug with a longer timeout, because the lab is twenty times as slow as another machine. */
function patiently(words: readonly string[]): readonly string[] {
  const [command = ''] = words;
  const isTimed = words.includes('--timeout') || words.includes('--help');
  return IN_A_HURRY.includes(command) && !isTimed ? [...words, '--timeout', '300'] : words;
}

/** Four device controllers: as many gadgets at a time. With SuperSpeed on, the slower speeds work too. */
function loadGadgetModules(spec: GadgetSpec): void {
  const functions = spec.functions.map((kind) => `usb_f_${kind}`);
  if (!existsSync('/sys/module/dummy_hcd')) {
    execFileSync('modprobe', ['dummy_hcd', 'is_super_speed=1', 'num=4']);
    execFileSync('modprobe', ['-a', 'libcomposite', 'cdc_acm']);
  }
  execFileSync('modprobe', ['-a', ...functions]);
}
