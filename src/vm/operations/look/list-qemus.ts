import type { HostAccess } from '../../../access/index.js';
import { isSameProcess, socketFileOf } from '../../../base/index.js';
import { type Monitor, type QemuProcess, qemuAt, runningQemus } from '../../../processes/index.js';
import type { VmRecord } from '../../../registry/index.js';
import { adoptedVms } from '../../target/index.js';

/** A QEMU of this host, and how qplug takes it. */
export interface HostQemu {
  readonly qemu: QemuProcess;
  /** The word that names it on qplug's command line; undefined if none does. */
  readonly word: string | undefined;
  /** What to add to its command line, if it has no QMP monitor that listens: two words, of characters that need no quotes. */
  readonly add: readonly [option: string, value: string] | undefined;
}

/** The longest name that becomes a part of a path. */
const LONGEST_NAME = 64;

/**
 * Lists the QEMUs of this host, whoever started them, in order of pid. Connects to none of them. A VM of qplug has its own name, an adopted one
 * the name that it was given, and any other one `pid:PID`, if this user can reach a QMP monitor of it.
 */
export function listQemus(host: HostAccess): HostQemu[] {
  const ours = host.registry.list().flatMap(({ record, alive }) => (alive ? record : []));
  const qemus = withOurs(runningQemus(), ours);
  const adopted = adoptedVms(host).flatMap(({ name, socket }) => {
    const file = socketFileOf(socket);
    return file === undefined ? [] : [{ name, file }];
  });
  const files = new Map(qemus.map((qemu) => [qemu, filesOf(qemu)] as const));
  return qemus.map((qemu) => {
    const record = ours.find((one) => one.qemu !== undefined && isSameProcess(one.qemu, qemu.process));
    const given = adopted.find(({ file }) => {
      const claimants = qemus.filter((one) => files.get(one)?.includes(file));
      // arguments prove nothing: if two processes name the socket, neither gets the name
      return claimants.length === 1 && claimants[0] === qemu;
    });
    const word = record?.name ?? given?.name ?? (isReachable(qemu) ? `pid:${qemu.process.pid}` : undefined);
    const hasQmp = qemu.monitors.some(({ protocol, place }) => protocol === 'qmp' && listens(place));
    const named: QemuProcess = record === undefined ? qemu : { ...qemu, launcher: 'qplug' };
    return { qemu: named, word, add: word !== undefined || hasQmp || qemu.isHint ? undefined : optionFor(qemu) };
  });
}

/** A VM file may name a QEMU whose program has any name. */
function withOurs(found: readonly QemuProcess[], ours: readonly VmRecord[]): QemuProcess[] {
  const missing = ours.flatMap(({ qemu: process }) => {
    if (process === undefined || found.some((one) => isSameProcess(one.process, process))) return [];
    const qemu = qemuAt(process.pid, { isKnown: true });
    return qemu !== undefined && isSameProcess(qemu.process, process) ? [qemu] : [];
  });
  return [...found, ...missing].sort((a, b) => a.process.pid - b.process.pid);
}

function listens(place: Monitor['place']): boolean {
  return place.kind === 'fd' || (place.kind !== 'other' && place.listens);
}

/** Whether this user sees a QMP monitor of it that listens. */
function isReachable(qemu: QemuProcess): boolean {
  if (qemu.isHint) return false;
  return filesOf(qemu).length > 0 || qemu.monitors.some((one) => one.protocol === 'qmp' && isTcp(one));
}

function isTcp({ place }: Monitor): boolean {
  return place.kind === 'tcp' && place.listens;
}

/** @returns device and inode of each QMP socket, found where the process sees it: its root or folder */
function filesOf({ process: { pid }, monitors, isHint }: QemuProcess): string[] {
  if (isHint) return [];
  return monitors.flatMap(({ protocol, place }) => {
    if (protocol !== 'qmp' || place.kind !== 'unix' || !place.listens) return [];
    const path = place.path.startsWith('/') ? `/proc/${pid}/root${place.path}` : `/proc/${pid}/cwd/${place.path}`;
    return socketFileOf(path) ?? [];
  });
}

/** A socket in a folder that only root, or the user of the QEMU, can change. */
function optionFor({ name = '', uid }: QemuProcess): readonly [string, string] {
  const file = /^[\w][\w.-]*$/.test(name) && name.length <= LONGEST_NAME ? name : 'vm';
  return ['-qmp', `unix:${uid === 0 ? '/run' : `/run/user/${uid}`}/${file}.qmp,server=on,wait=off`];
}
