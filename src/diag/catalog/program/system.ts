import type { Text } from '../../finding.js';
import { advice, type Command, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

/** A failed system call, as Node reports it. */
interface SystemCall {
  /** Node's name of the call: `open`, `spawn`. */
  readonly syscall: string;
  /** The file, program or socket of the call. */
  readonly path: string | undefined;
  /** The second name, of calls that have two: `rename`. */
  readonly to: string | undefined;
  /** errno(3): `EMFILE`. */
  readonly code: string;
  /** The system's message, if Node reports it. */
  readonly reason: string | undefined;
}

/** What a call does, as a verb with an object. */
const VERBS: Readonly<Record<string, string>> = {
  access: 'look at',
  bind: 'listen at',
  chmod: 'change the rights of',
  chown: 'change the owner of',
  close: 'close',
  connect: 'connect to',
  copyfile: 'copy',
  fchmod: 'change the rights of',
  fchown: 'change the owner of',
  fdatasync: 'write',
  fstat: 'look at',
  fsync: 'write',
  ftruncate: 'write',
  kill: 'end',
  link: 'make a link of',
  listen: 'listen at',
  lstat: 'look at',
  mkdir: 'make the folder',
  mkdtemp: 'make the folder',
  open: 'open',
  opendir: 'read the folder',
  pipe: 'make',
  read: 'read',
  readlink: 'read the link',
  realpath: 'look at',
  rename: 'rename',
  rm: 'remove',
  rmdir: 'remove the folder',
  scandir: 'read the folder',
  socket: 'make',
  spawn: 'start',
  spawnSync: 'start',
  stat: 'look at',
  symlink: 'make a link to',
  unlink: 'remove',
  utime: 'change the times of',
  uv_pipe_open: 'make',
  write: 'write',
};

/** The object of a call that names no file. */
const THINGS: Readonly<Record<string, string>> = {
  close: 'a file',
  kill: 'a process',
  pipe: 'a pipe',
  read: 'a file or socket',
  socket: 'a socket',
  spawn: 'a program',
  uv_pipe_open: 'a pipe',
  write: 'a file or socket',
};

/** strerror(3), for errors of which Node reports only the name. */
const REASONS: Readonly<Record<string, string>> = {
  E2BIG: 'argument list too long',
  EACCES: 'permission denied',
  EAGAIN: 'resource temporarily unavailable',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'file too large',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
  ENOENT: 'no such file or directory',
  ENOMEM: 'not enough memory',
  ENOSPC: 'no space left on device',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EROFS: 'read-only file system',
};

/** A command that shows more, or fixes it. */
const FIXES: Readonly<Record<string, (file: string | undefined) => Command | undefined>> = {
  EACCES: (file) => (file === undefined ? sh`id` : sh`ls -ld ${path(file)}`),
  EDQUOT: () => sh`quota`,
  EFBIG: () => sh`ulimit -f unlimited`,
  EIO: () => sh`dmesg | tail`,
  EMFILE: () => sh`ulimit -n 1024`,
  ENFILE: () => sh`sysctl fs.file-nr fs.file-max`,
  ENOMEM: () => sh`free -h`,
  ENOSPC: (file) => (file === undefined ? sh`df -h` : sh`df -h ${path(file)}`),
  EPERM: (file) => (file === undefined ? sh`id` : sh`ls -ld ${path(file)}`),
  EROFS: (file) => (file === undefined ? sh`findmnt -O ro` : sh`findmnt -T ${path(file)}`),
};

export const system = {
  'system-error': {
    kind: 'failed',
    text: ({ syscall, path: file, to, code, reason }: SystemCall): Text => ({
      what: `could not ${VERBS[syscall] ?? `do the system call ${printable(syscall, 40)} with`} ${file === undefined ? (THINGS[syscall] ?? 'what was wanted') : printable(file, 300)}${to === undefined ? '' : ` to ${printable(to, 300)}`}`,
      why: reasonOf(code, reason),
      fix: FIXES[code]?.(file),
    }),
  },
  'output-unwritten': {
    kind: 'failed',
    text: ({
      stream,
      code,
      reason,
    }: {
      stream: 'standard output' | 'standard error';
      code: string;
      /** The system's message, if Node reports it. */
      reason: string | undefined;
    }): Text => ({
      what: `could not write ${stream === 'standard output' ? 'the result' : 'messages'} to ${stream}`,
      why: reasonOf(code, reason),
    }),
  },
  'open-files-few': {
    kind: 'failed',
    text: ({
      limit,
      open,
      needed,
    }: {
      /** How many this process may have open at once (RLIMIT_NOFILE, getrlimit(2)). */
      limit: number;
      open: number;
      /** How many more a command may need. */
      needed: number;
    }): Text => ({
      what: 'the command would open too many files; nothing was changed',
      why: `the limit is ${limit}, ${open} are open, and a command may need ${needed} more`,
      fix: FIXES['EMFILE']?.(undefined),
    }),
  },
  /** `path`: as the user typed it, `-` for standard input; `timeout` in ms. */
  'input-unfinished': {
    kind: 'timeout',
    text: ({ path, timeout }: { path: string; timeout: number }): Text => ({
      what: `${path === '-' ? 'standard input' : printable(path)} did not end within ${timeout / 1000} s`,
      why: 'it is a pipe, and its writer still has it open',
      fix: advice('Write the input into a file, and name that file'),
    }),
  },
} as const;

function reasonOf(code: string, reason: string | undefined): string {
  return REASONS[code] ?? (reason === undefined ? printable(code, 40) : printable(reason));
}
