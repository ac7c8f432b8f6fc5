import type { GuardKind } from '../diag/index.js';
import type { Arguments } from './command.js';

/** @returns the guards that `--guard-off` names; the option's choices are all there are */
export function guardOffOf(args: Arguments): readonly GuardKind[] {
  return args.texts('guard-off') as readonly GuardKind[];
}
