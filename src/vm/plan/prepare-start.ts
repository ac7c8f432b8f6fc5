import { guardsFor, type HostAccess, policyOf } from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import { type Finding, type GuardKind, QplugError } from '../../diag/index.js';
import { type HostInventory, matchSelector, requireSelector } from '../../host/index.js';
import {
  argvArray,
  buildArgv,
  checkModels,
  findQemu,
  findRunAs,
  formatArgv,
  preflight,
  type QemuOption,
  type RunAs,
  type RuntimePaths,
  runtimePaths,
} from '../../launcher/index.js';
import type { Capabilities, QemuVersion } from '../../qdev/index.js';
import { readVmFile } from '../target/index.js';
import { type FilePlan, type HostRules, planFile } from './plan-start.js';

/** The QEMU version to plan for if there is no QEMU to ask: its facts hold for all newer known versions. */
const ASSUMED: QemuVersion = { major: 10, minor: 0, micro: 0 };

export interface PrepareOptions {
  /** Whether to check all that `run` needs, or only what a plan needs: then a missing QEMU is a warning. */
  readonly full: boolean;
  /** Whether to place everything as if the VM had never run. Default false. */
  readonly forget?: boolean | undefined;
  /** The user to run QEMU as; overrides the file. */
  readonly user?: string | undefined;
  /** Host guards that the user switched off, for all devices. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  readonly signal: AbortSignal;
}

/** A planned VM file, ready for its command line. */
export interface Prepared extends FilePlan {
  readonly paths: RuntimePaths;
  /** The program's path, or its name if it was not found. */
  readonly binary: string;
  /** The user to start QEMU as; undefined: the user of qplug. Known only after the full check. */
  readonly as: RunAs | undefined;
  readonly options: readonly QemuOption[];
}

/**
 * Reads a VM file, plans it and builds its command line. Starts and changes nothing.
 *
 * @param vm - the file's path, or the file if it was read already
 * @param inventory - the host's devices; undefined to plan only the file
 * @throws QplugError with all errors of the file
 */
export async function prepare(
  vm: string | VmFile,
  host: HostAccess,
  inventory: HostInventory | undefined,
  { full, forget = false, user, guardOff = [], signal }: PrepareOptions,
): Promise<Prepared> {
  const read = typeof vm === 'string' ? await readVmFile(vm, signal) : vm;
  const file = user === undefined ? read : withUser(read, user);
  const paths = runtimePaths(host.registry.folder, file.name);
  const looked = await checkHost(file, host, full ? paths : undefined, signal);
  const version = looked.version ?? ASSUMED;
  const before = forget ? undefined : host.places?.read(file.name);
  const planned = planFile(file, version, inventory, {
    capabilities: looked.capabilities,
    before: before?.record,
    hostRules: await readHostRules(file, inventory, guardOff, host),
  });
  const options = buildArgv({
    vm: file,
    version,
    capabilities: looked.capabilities,
    paths,
    handedOver: looked.as !== undefined,
    controllers: planned.controllers,
    hubs: planned.hubs,
    emulated: planned.emulated,
    paused: true,
  });
  const findings = [...looked.findings, ...(before?.findings ?? []), ...planned.findings];
  return { ...planned, paths, binary: looked.binary ?? file.qemu.binary, as: looked.as, options, findings };
}

/** @returns the file as if it named that user */
function withUser(file: VmFile, user: string): VmFile {
  return { ...file, qemu: { ...file.qemu, user, userTyped: true } };
}

/** Reads the host's guards and policy for the devices that a file wants; undefined for devices of another host, read from a file. */
async function readHostRules(
  file: VmFile,
  inventory: HostInventory | undefined,
  off: readonly GuardKind[],
  host: HostAccess,
): Promise<HostRules | undefined> {
  if (inventory === undefined) return undefined;
  const wanted = file.usb.devices.flatMap((wish) =>
    wish.kind === 'host' ? matchSelector(requireSelector(wish.select), inventory) : [],
  );
  const here = [...new Set(wanted)].filter(({ access }) => access !== 'unknown');
  if (here.length === 0) return undefined;
  return { off, policy: await policyOf(host), guards: await guardsFor(here, inventory, host) };
}

interface Preflighted {
  readonly findings: readonly Finding[];
  readonly binary: string | undefined;
  readonly version: QemuVersion | undefined;
  readonly capabilities: Capabilities | undefined;
  readonly as: RunAs | undefined;
}

async function checkHost(
  vm: VmFile,
  { env }: HostAccess,
  paths: RuntimePaths | undefined,
  signal: AbortSignal,
): Promise<Preflighted> {
  const searchPath = env['PATH'] ?? '';
  if (paths !== undefined) {
    const { as, findings } = await findRunAs(vm);
    const looked = await preflight({ vm, paths, searchPath, as, signal });
    return { ...looked, as, findings: [...findings, ...looked.findings] };
  }
  const mild = (findings: readonly Finding[]): Finding[] => findings.map((one) => ({ ...one, severity: 'warning' }));
  try {
    const qemu = await findQemu({ vm, searchPath, signal });
    return { findings: mild(checkModels(vm, qemu.binary, qemu.capabilities)), ...qemu, as: undefined };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return {
      findings: mild(error.findings),
      binary: undefined,
      version: undefined,
      capabilities: undefined,
      as: undefined,
    };
  }
}

/** @returns the command line as words, and as shell text */
export function commandLineOf({ binary, options }: Pick<Prepared, 'binary' | 'options'>): {
  readonly words: readonly string[];
  readonly text: string;
} {
  return { words: argvArray(binary, options), text: formatArgv(binary, options) };
}
