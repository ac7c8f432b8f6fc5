import { fail } from '../diag/index.js';
import type { Arguments } from './command.js';

/** @throws QplugError `options-conflict` where `--host` is given with what it does not go with */
export function refuseHostFile(args: Arguments, other: string, why: string): void {
  if (args.text('host') === undefined) return;
  throw fail('options-conflict', { options: ['--host', other], why, fix: 'leave one of them out' });
}
