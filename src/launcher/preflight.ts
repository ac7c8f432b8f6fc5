import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import type { VmFile } from '../config/index.js';
import { type Finding, finding, nearest, QplugError } from '../diag/index.js';
import {
  atLeast,
  type Capabilities,
  formatVersion,
  parseQemuVersion,
  type QemuVersion,
  readCapabilities,
} from '../qdev/index.js';
import { askQemu, readFromQemu } from './ask-qemu.js';
import { checkModels, modelsOf } from './check-models.js';
import { findProgram } from './find-program.js';
import { checkSocketPaths, type RuntimePaths } from './runtime-paths.js';

/** Below it QEMU does not fall back from one `-accel` to the next. */
const LEAST_VERSION: QemuVersion = { major: 5, minor: 0, micro: 0 };

/** What `preflight` found out. */
export interface Preflight {
  /** All that stands in the way, and warnings. */
  readonly findings: readonly Finding[];
  /** The program's path and version; undefined where they could not be had, which is then a finding. */
  readonly binary: string | undefined;
  readonly version: QemuVersion | undefined;
  /** What it said of itself; undefined where it did not. */
  readonly capabilities: Capabilities | undefined;
}

/** What to look at. */
export interface PreflightInput {
  readonly vm: VmFile;
  /** Sockets are checked where they are known. */
  readonly paths?: Pick<RuntimePaths, 'qplugSocket' | 'ownerSocket'> | undefined;
  /** The value of PATH. */
  readonly searchPath: string;
  readonly signal?: AbortSignal | undefined;
  /** ms that QEMU may take for each answer; default 10 s. */
  readonly timeout?: number | undefined;
}

/**
 * Everything about this host that can be known before the VM is started: the program, its version, its machine, its device
 * models, drives, socket paths. Changes nothing and starts no machine.
 *
 * @throws the reason of `signal` when that is aborted
 */
export async function preflight(input: PreflightInput): Promise<Preflight> {
  const { vm, paths } = input;
  const [qemu, drives] = await Promise.all([checkQemu(input), checkDrives(vm)]);
  return { ...qemu, findings: [...qemu.findings, ...drives, ...(paths === undefined ? [] : checkSocketPaths(paths))] };
}

/**
 * Finds the program of a VM file and asks for its version.
 *
 * @throws QplugError `qemu-missing`, `qemu-not-executable`, `qemu-silent`, `qemu-not-qemu`, `qemu-too-old`
 */
export async function findQemu({
  vm,
  searchPath,
  signal,
  timeout,
}: Omit<PreflightInput, 'paths'>): Promise<{ binary: string; version: QemuVersion }> {
  const binary = await findProgram(vm.qemu.binary, searchPath);
  const output = (await askQemu(binary, ['--version'], { signal, timeout })).trim();
  const version = parseQemuVersion(output);
  if (version === undefined || !/qemu/i.test(output)) {
    throw new QplugError([finding('qemu-not-qemu', { binary, output: output.split('\n', 1)[0] ?? '' })]);
  }
  if (!atLeast(version, LEAST_VERSION.major, LEAST_VERSION.minor)) {
    const evidence = { binary, version: formatVersion(version), least: formatVersion(LEAST_VERSION) };
    throw new QplugError([finding('qemu-too-old', evidence)]);
  }
  return { binary, version };
}

/**
 * Asks a QEMU which of the device models it has that a file may need. It starts the program without a machine.
 *
 * @returns undefined where it does not tell
 */
export async function askCapabilities(
  { vm, signal, timeout }: Pick<PreflightInput, 'vm' | 'signal' | 'timeout'>,
  { binary, version }: { readonly binary: string; readonly version: QemuVersion },
): Promise<Capabilities | undefined> {
  return await readFromQemu(binary, readCapabilities(version, modelsOf(vm)), { signal, timeout });
}

async function checkQemu(input: PreflightInput): Promise<Preflight> {
  try {
    const qemu = await findQemu(input);
    const [wrong, capabilities] = await Promise.all([checkMachine(qemu.binary, input), askCapabilities(input, qemu)]);
    const findings = [...wrong, ...checkModels(input.vm, qemu.binary, capabilities)];
    return { findings, ...qemu, capabilities };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    const location = input.vm.locate(['qemu', 'binary']);
    return {
      findings: error.findings.map((found) => ({ ...found, location })),
      binary: undefined,
      version: undefined,
      capabilities: undefined,
    };
  }
}

async function checkMachine(binary: string, { vm, signal, timeout }: PreflightInput): Promise<Finding[]> {
  const machine = vm.machine.split(',', 1)[0] ?? '';
  const output = await askQemu(binary, ['-machine', 'help'], { signal, timeout });
  const known = [...output.matchAll(/^(\S+) {2,}\S/gm)].map((match) => match[1] ?? '');
  // A list that can't be read proves nothing.
  if (known.length === 0 || known.includes(machine)) return [];
  const evidence = { binary, machine, nearest: nearest(machine, known) };
  return [finding('qemu-no-machine', evidence, { location: vm.locate(['machine']) })];
}

async function checkDrives(vm: VmFile): Promise<Finding[]> {
  const emulated = vm.usb.devices.flatMap((wish) =>
    wish.kind === 'emulated' && wish.drive !== undefined
      ? [{ ...wish.drive, pointer: [...wish.pointer, 'drive'] }]
      : [],
  );
  const findings = await Promise.all(
    [...vm.drives, ...emulated].map(async (drive): Promise<Finding[]> => {
      const failed = await whyUnusable(drive.file, drive.readonly);
      if (failed === undefined) return [];
      const { file, format } = drive;
      return [
        finding('drive-unusable', { file, format, ...failed }, { location: vm.locate([...drive.pointer, 'file']) }),
      ];
    }),
  );
  return findings.flat();
}

/** Opened, not only asked about: that tells a folder, a full stop of a lock, or a node whose medium is gone. */
async function whyUnusable(
  file: string,
  readonly: boolean,
): Promise<{ access: 'read' | 'write'; reason: string; missing: boolean } | undefined> {
  let wanted: 'read' | 'write' = 'read';
  try {
    await access(file, constants.R_OK);
    if (!readonly) wanted = 'write';
    const handle = await open(file, constants.O_NONBLOCK | (readonly ? constants.O_RDONLY : constants.O_RDWR));
    const info = await handle.stat().finally(() => handle.close());
    if (info.isFile() || info.isBlockDevice()) return undefined;
    return { access: 'read', reason: 'it is neither a file nor a block device', missing: false };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return { access: 'read', reason: 'it is a folder', missing: false };
    return { access: wanted, reason: message, missing: code === 'ENOENT' };
  }
}
