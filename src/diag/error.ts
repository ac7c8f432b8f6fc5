import { type Code, describe, type EvidenceByCode, type Finding, finding, kindOf } from './catalog.js';
import type { FindingKind } from './finding.js';
import { printable } from './printable.js';

/**
 * Every error that qplug throws on purpose. It is data: one or more findings, the first of which decides `code` and
 * `kind`; `cause` is kept. Any other thrown error is a bug of qplug.
 */
export class QplugError extends Error {
  override readonly name: string = 'QplugError';
  readonly findings: readonly [Finding, ...Finding[]];

  constructor(findings: readonly [Finding, ...Finding[]], options?: { cause?: unknown }) {
    super(sentence(findings[0]), options);
    this.findings = findings;
  }

  get code(): Code {
    return this.findings[0].code;
  }

  get kind(): FindingKind {
    return kindOf(this.code);
  }
}

function sentence(found: Finding): string {
  const { what, where, why } = describe(found);
  return `${what}${where === undefined ? '' : ` (${where})`}${why === undefined ? '' : `: ${why}`}`;
}

/** Shorthand for an error of one finding. */
export function fail<C extends Code>(code: C, evidence: EvidenceByCode[C], options?: { cause?: unknown }): QplugError {
  return new QplugError([finding(code, evidence)], options);
}

/** Throws when any of the findings is an error, with all of them, errors first. */
export function throwErrors(findings: readonly Finding[]): void {
  const errors = findings.filter((one) => one.severity === 'error');
  const [first, ...rest] = errors;
  if (first === undefined) return;
  throw new QplugError([first, ...rest, ...findings.filter((one) => one.severity !== 'error')]);
}

/**
 * @param error - the cause of the failure; a signal's reason or a deadline becomes a finding `stopped`, so that nothing is lost
 * @returns the same error if there is nothing to add; else one with its findings and the others, and it as the cause
 */
export function addFindings(error: unknown, more: readonly Finding[]): unknown {
  if (more.length === 0) return error;
  const named = error instanceof QplugError ? error : systemError(error);
  if (named !== undefined) return new QplugError([...named.findings, ...more], { cause: named.cause ?? named });
  const reason = printable(error instanceof Error ? error.message : String(error));
  return new QplugError([finding('stopped', { reason }), ...more], { cause: error });
}

/** A failed system call as Node reports it (its documentation of class SystemError). */
interface SystemFailure {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
  readonly path?: unknown;
  readonly address?: unknown;
  readonly dest?: unknown;
}

/** Errors that only a bug causes (errno(3)): an invalid descriptor or address. */
const MISTAKES: readonly string[] = ['EBADF', 'EFAULT', 'ENOTSOCK'];

/**
 * Words a refusal of the system that no other finding covers: a full disk, too many open files, a read-only file system.
 *
 * @param error - anything that was thrown
 * @returns an error `system-error` with what, where and why; undefined for anything else
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
