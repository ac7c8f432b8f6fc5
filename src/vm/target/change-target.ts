import { resolve } from 'node:path';
import { type HostAccess, recordOfSocket, type VmTarget } from '../../access/index.js';
import { isSameFile, isThere } from '../../base/index.js';
import { type Finding, fail, finding } from '../../diag/index.js';
import { lives } from '../../registry/index.js';
import { adoptedSocketOf, findVm, isVmFile, vmOfName } from './find-vm.js';
import { type ReadVmFile, readVmFileAndText } from './vm-file.js';
import { isVmWord } from './vm-word.js';

/** The user's choice; with neither, qplug changes whichever of the two exists. */
export interface ChangeChoice {
  /** The VM's file, for its next start. */
  readonly config: boolean;
  /** The running VM. */
  readonly live: boolean;
}

/** The target of a change: the running VM, its file, or both. */
export interface ChangeTarget {
  readonly name: string;
  /** The running VM to change. */
  readonly live: VmTarget | undefined;
  /** The VM file to change. */
  readonly file: string | undefined;
  /** The file's contents, if qplug read it to find the VM. */
  readonly read?: ReadVmFile | undefined;
  /** Whether the user chose explicitly: then a device that one of the two lacks is an error. */
  readonly strict: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Decides what an attach or a detach changes. Without a choice: both if the VM runs from a file; only the VM if the user named its socket;
 * only the file if it names a VM that does not run.
 *
 * @param word - a word for a VM, as `findVm` reads it
 * @throws QplugError `vm-not-found` · `vm-without-file` · `vm-other-file` · the errors of the VM file
 */
export async function changeTarget(
  word: string,
  choice: ChangeChoice,
  host: HostAccess,
  signal?: AbortSignal,
): Promise<ChangeTarget> {
  const strict = choice.config || choice.live;
  const live = choice.live || !choice.config;
  const config = choice.config || !choice.live;
  if (isVmFile(word)) return targetOfFile(word, { config, live, strict }, host);
  if (!live) {
    const file = fileOfName(word, host);
    return { name: file.vm, live: undefined, file: file.path, strict, findings: [] };
  }
  const vm = await findVm(word, host, signal);
  const { name, record } = vm;
  const there = record !== undefined && isThere(record.file) ? record.file : undefined;
  if (choice.config && there === undefined) throw withoutFile(name, record?.file, 'adopted');
  return { name, live: vm, file: config ? there : undefined, strict, findings: [] };
}

async function targetOfFile(
  word: string,
  { config, live, strict }: ChangeChoice & Pick<ChangeTarget, 'strict'>,
  host: HostAccess,
): Promise<ChangeTarget> {
  const read = await readVmFileAndText(word, { isToRun: config });
  const { name } = read.file;
  const record = host.registry.read(name);
  const runs = record !== undefined && lives(record);
  const path = resolve(word);
  if (live && config && runs && !isSameFile(record.file, path)) {
    throw fail('vm-other-file', { vm: name, runs: record.file, named: word });
  }
  if (runs || strict)
    return {
      name,
      live: live ? vmOfName(name, word, host) : undefined,
      file: config ? path : undefined,
      read,
      strict,
      findings: [],
    };
  const findings = [finding('vm-stopped', { vm: name, path: word }, { severity: 'note' })];
  return { name, live: undefined, file: path, read, strict: true, findings };
}

/** The file of a VM that may not run: a killed VM leaves its record. */
function fileOfName(word: string, host: HostAccess): { readonly vm: string; readonly path: string } {
  const record = word.includes('/') ? recordOfSocket(word, host) : host.registry.read(word);
  if (record === undefined || !isThere(record.file)) {
    const isAdopted = word.includes('/') || isVmWord(word) || adoptedSocketOf(word, host) !== undefined;
    throw withoutFile(word, record?.file, isAdopted ? 'adopted' : 'unknown');
  }
  return { vm: record.name, path: record.file };
}

function withoutFile(vm: string, path: string | undefined, problem: 'adopted' | 'unknown'): Error {
  return fail('vm-without-file', { vm, problem: path === undefined ? problem : 'gone', path });
}
