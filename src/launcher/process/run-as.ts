import { existsSync, statSync } from 'node:fs';
import { runProgram } from '../../base/index.js';
import type { VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';

/** The user to start a program as. It has only this group (libuv empties the list of groups if it is given a user). */
export interface RunAs {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user that a file's `qemu.user` names. */
export interface FoundRunAs {
  /** Undefined: QEMU runs as the user of qplug. */
  readonly as: RunAs | undefined;
  readonly findings: readonly Finding[];
}

const KVM = '/dev/kvm';

/** A user's name; `id` would read a number as a user id, and a dash as an option. The same as in schemas/vm.schema.json. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/**
 * Finds the user that a file names. Only root can start a program as another user.
 *
 * If only a group of the user may open /dev/kvm, that group becomes the process's group instead of the user's first one: libvirt does the
 * same on Debian, and the process gets no further permission.
 *
 * @param uid - the user of qplug
 */
export async function findRunAs(vm: VmFile, uid: number = process.getuid?.() ?? -1): Promise<FoundRunAs> {
  const { user, userTyped = false } = vm.qemu;
  if (user === undefined) return { as: undefined, findings: [] };
  const location = userTyped ? undefined : vm.locate(['qemu', 'user']);
  const wrong = (found: Finding): FoundRunAs => ({ as: undefined, findings: [{ ...found, location }] });
  const account = NAME.test(user) ? await accountOf(user) : undefined;
  if (account === undefined) return wrong(finding('user-unknown', { user }));
  if (account.uid === 0) return wrong(finding('user-is-root', { user }));
  if (account.uid === uid) return { as: undefined, findings: [] };
  if (uid !== 0) return wrong(finding('user-needs-root', { user }));
  const as = { user, uid: account.uid, gid: account.gid };
  const accels = vm.accel.map((accel) => accel.split(',', 1)[0]);
  if (!accels.includes('kvm') || !existsSync(KVM) || (await mayOpen(KVM, 'write', as))) return { as, findings: [] };
  const { gid } = statSync(KVM);
  const inGroup = { ...as, gid };
  if (account.groups.includes(gid) && (await mayOpen(KVM, 'write', inGroup))) return { as: inGroup, findings: [] };
  const severity = accels.every((accel) => accel === 'kvm') ? 'error' : 'warning';
  return { as, findings: [finding('user-no-kvm', { user, node: KVM, group: gid !== 0 }, { severity, location })] };
}

interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Uses `id`, which asks all user databases of the system (nsswitch.conf), not only /etc/passwd. */
async function accountOf(user: string): Promise<Account | undefined> {
  const [uid, gid, groups] = await Promise.all(['-u', '-g', '-G'].map((option) => ask('id', [option, user])));
  const numbers = (text: string | undefined): number[] =>
    /^\d+( \d+)*$/.test(text?.trim() ?? '') ? (text ?? '').trim().split(' ').map(Number) : [];
  const [[first], [second]] = [numbers(uid), numbers(gid)];
  return first === undefined || second === undefined ? undefined : { uid: first, gid: second, groups: numbers(groups) };
}

/**
 * Whether a user may open a file, by the kernel's rules: modes and access lists of the file and of all its folders.
 *
 * @param file - absolute
 * @returns true also if that is unknown because `test` is missing: then QEMU reports it
 */
export async function mayOpen(file: string, how: 'read' | 'write' | 'pass', as: RunAs): Promise<boolean> {
  const options = { read: ['-r'], write: ['-r', '-w'], pass: ['-x'] }[how];
  const answers = await Promise.all(options.map((option) => ask('test', [option, file], as)));
  return answers.every((answer) => answer !== undefined);
}

/** @returns the output of a system program; undefined if it fails; the empty text if there is no such program */
async function ask(program: 'id' | 'test', args: readonly string[], as?: RunAs): Promise<string | undefined> {
  const path = [`/usr/bin/${program}`, `/bin/${program}`].find((one) => existsSync(one));
  if (path === undefined) return '';
  const who = as === undefined ? {} : { uid: as.uid, gid: as.gid };
  try {
    const { code, stdout } = await runProgram(path, args, { ...who, cwd: '/', env: {} }, { timeout: 10_000 });
    return code === 0 ? stdout : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps only language and time zone of root's environment: QEMU must not use root's home, bus, agent or libraries. */
export function environmentOf({ user }: RunAs): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => /^(LANG|LANGUAGE|LC_[A-Z]+|TZ)$/.test(name));
  return { ...Object.fromEntries(kept), PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/', USER: user, LOGNAME: user };
}
