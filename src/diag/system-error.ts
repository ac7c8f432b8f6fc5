import { fail, type QplugError } from './error.js';

/** What Node tells of a system call that failed (its documentation of class SystemError). */
interface SystemFailure {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
  readonly path?: unknown;
  readonly address?: unknown;
  readonly dest?: unknown;
}

/** Errors of which only a mistake in a program is the cause (errno(3)): a descriptor or an address that is none. */
const MISTAKES: readonly string[] = ['EBADF', 'EFAULT', 'ENOTSOCK'];

/**
 * Names what the system refused and nobody else had words for: a full disk, too many open files, a read-only file system.
 *
 * @param error - anything that was thrown
 * @returns the error `system-error` that tells what, where and why; undefined for anything else
 */
export function systemError(error: unknown): QplugError | undefined {
  if (!isSystemFailure(error)) return undefined;
  const { code, syscall, message, path, address, dest } = error;
  const named = [path, address].find((one) => typeof one === 'string');
  return fail(
    'system-error',
    {
      // `spawn /usr/bin/qemu` has the program in the name of its call
      syscall: syscall.split(' ')[0] ?? syscall,
      path: typeof named === 'string' ? named : undefined,
      to: typeof dest === 'string' ? dest : undefined,
      code,
      reason: /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1],
    },
    { cause: error },
  );
}

function isSystemFailure(error: unknown): error is SystemFailure {
  if (!(error instanceof Error)) return false;
  const { code, syscall, errno } = error as { code?: unknown; syscall?: unknown; errno?: unknown };
  return (
    typeof errno === 'number' &&
    typeof syscall === 'string' &&
    typeof code === 'string' &&
    /^E[A-Z0-9]+$/.test(code) &&
    !MISTAKES.includes(code)
  );
}
