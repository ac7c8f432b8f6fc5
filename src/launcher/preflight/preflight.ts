import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Drive, VmFile } from '../../config/index.js';
import { type Finding, finding, nearest, QplugError } from '../../diag/index.js';
import {
  atLeast,
  type Capabilities,
  formatVersion,
  parseQemuVersion,
  type QemuVersion,
  readCapabilities,
} from '../../qdev/index.js';
import { checkModels, modelsOf } from '../checks/index.js';
import { checkSandbox, wantsSandbox } from '../command-line/index.js';
import { mayOpen, type RunAs } from '../process/index.js';
import { checkSocketPaths, type RuntimePaths } from '../runtime-paths.js';
import { type Asking, askQemu, readFromQemu } from './ask-qemu.js';
import { findProgram } from './find-program.js';

/** Older QEMUs do not fall back from one `-accel` to the next. */
const LEAST_VERSION: QemuVersion = { major: 5, minor: 0, micro: 0 };

/** The result of `preflight`. */
export interface Preflight {
  /** Errors that prevent a start, and warnings. */
  readonly findings: readonly Finding[];
  /** The program's path and version; undefined if they are unknown, which a finding reports. */
  readonly binary: string | undefined;
  readonly version: QemuVersion | undefined;
  /** Its answers about itself; undefined if it gave none. */
  readonly capabilities: Capabilities | undefined;
}

/** Input of `preflight`. */
export interface PreflightInput {
  readonly vm: VmFile;
  /** If given, qplug checks the sockets' paths too. */
  readonly paths?: Pick<RuntimePaths, 'qplugSocket' | 'ownerSocket'> | undefined;
  /** The value of PATH. */
  readonly searchPath: string;
  readonly signal?: AbortSignal | undefined;
  /** ms for each answer of QEMU; default 10 s. */
  readonly timeout?: number | undefined;
  /** The user that QEMU will run as; default the user of qplug. qplug asks QEMU as this user too. */
  readonly as?: RunAs | undefined;
}

/**
 * Checks everything on this host that can be checked before the start: the program, its version, its machine, its device models, drives,
 * socket paths. Changes nothing and starts no machine.
 *
 * @throws the reason of `signal` if it aborts
 */
export async function preflight(input: PreflightInput): Promise<Preflight> {
  const { vm, paths, as } = input;
  const [qemu, drives] = await Promise.all([checkQemu(input), checkDrives(vm, as)]);
  return { ...qemu, findings: [...qemu.findings, ...drives, ...(paths === undefined ? [] : checkSocketPaths(paths))] };
}

/** The QEMU of a VM file. */
export interface FoundQemu {
  /** Path of the program. */
  readonly binary: string;
  readonly version: QemuVersion;
  /** Its answers about itself; undefined if it gave none. */
  readonly capabilities: Capabilities | undefined;
}

/**
 * Finds the program of a VM file and asks for its version and models. For that it starts the program without a machine; if it does not
 * answer, qplug asks only for its version.
 *
 * @param machines - whether to ask for its machines; default no
 * @throws QplugError `qemu-missing`, `qemu-not-executable`, `qemu-silent`, `qemu-not-qemu`, `qemu-too-old`
 */
export async function findQemu(
  { vm, searchPath, signal, timeout, as }: Omit<PreflightInput, 'paths'>,
  machines = false,
): Promise<FoundQemu> {
  const binary = await findProgram(vm.qemu.binary, searchPath);
  const reading = (version: QemuVersion) =>
    readCapabilities(version, modelsOf(vm), { machines, sandbox: wantsSandbox(vm) });
  const capabilities = await readFromQemu(binary, reading, { signal, timeout, as });
  const version = capabilities?.version ?? (await askVersion(binary, { signal, timeout, as }));
  if (!atLeast(version, LEAST_VERSION.major, LEAST_VERSION.minor)) {
    const evidence = { binary, version: formatVersion(version), least: formatVersion(LEAST_VERSION) };
    throw new QplugError([finding('qemu-too-old', evidence)]);
  }
  return { binary, version, capabilities };
}

async function askVersion(binary: string, limits: Asking): Promise<QemuVersion> {
  const output = (await askQemu(binary, ['--version'], limits)).trim();
  const version = parseQemuVersion(output);
  if (version === undefined || !/qemu/i.test(output)) {
    throw new QplugError([finding('qemu-not-qemu', { binary, output: output.split('\n', 1)[0] ?? '' })]);
  }
  return version;
}

async function checkQemu(input: PreflightInput): Promise<Preflight> {
  const { vm } = input;
  try {
    const qemu = await findQemu(input, true);
    const { binary, capabilities } = qemu;
    const findings = [
      ...checkMachine(vm, qemu),
      ...checkModels(vm, binary, capabilities),
      ...checkSandbox(vm, binary, capabilities),
    ];
    return { findings, ...qemu };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    const location = vm.locate(['qemu', 'binary']);
    const findings = error.findings.map((found) => ({ ...found, location }));
    return { findings, binary: undefined, version: undefined, capabilities: undefined };
  }
}

function checkMachine(vm: VmFile, { binary, capabilities }: FoundQemu): Finding[] {
  const machine = vm.machine.split(',', 1)[0] ?? '';
  const known = [...(capabilities?.machines ?? [])];
  // A missing list proves nothing.
  if (known.length === 0 || known.includes(machine)) return [];
  const evidence = { binary, machine, nearest: nearest(machine, known) };
  return [finding('qemu-no-machine', evidence, { location: vm.locate(['machine']) })];
}

async function checkDrives(vm: VmFile, as: RunAs | undefined): Promise<Finding[]> {
  const emulated = vm.usb.devices.flatMap((wish) =>
    wish.kind === 'emulated' && wish.drive !== undefined
      ? [{ ...wish.drive, pointer: [...wish.pointer, 'drive'] }]
      : [],
  );
  const findings = await Promise.all(
    [...vm.drives, ...emulated].map(async (drive): Promise<Finding[]> => {
      const location = vm.locate([...drive.pointer, 'file']);
      const failed = await whyUnusable(drive.file, drive.readonly);
      const { file, format } = drive;
      if (failed !== undefined) return [finding('drive-unusable', { file, format, ...failed }, { location })];
      return as === undefined ? [] : (await checkRights(drive, as)).map((found) => ({ ...found, location }));
    }),
  );
  return findings.flat();
}

/** Opens the file instead of only checking it: that detects a folder, a lock, or a node without a medium. */
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

/** QEMU's user may lack a permission that root has. */
async function checkRights({ file, readonly }: Pick<Drive, 'file' | 'readonly'>, as: RunAs): Promise<Finding[]> {
  const how = readonly ? 'read' : 'write';
  if (await mayOpen(file, how, as)) return [];
  const closed = await closedFolder(file, as);
  const { uid, gid, mode } = await stat(closed ?? file);
  const evidence = { file, access: how, user: as.user, closed, uid, gid, mode: mode & 0o7777 } as const;
  return [finding('drive-denied', evidence)];
}

/** @returns the first folder of a path that a user may not enter */
async function closedFolder(file: string, as: RunAs): Promise<string | undefined> {
  const folders: string[] = [];
  for (let at = dirname(file); ; at = dirname(at)) {
    folders.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const folder of folders) if (!(await mayOpen(folder, 'pass', as))) return folder;
  return undefined;
}
