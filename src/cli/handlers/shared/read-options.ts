import { fail, type GuardKind } from '../../../diag/index.js';
import type { AttachRequest } from '../../../vm/index.js';
import type { Arguments } from '../../command.js';

/** @returns what `SELECTOR…`, `--controller`, `--port`, `--slower`, `--grow` and `--guard-off` ask for */
export function attachRequestOf(args: Arguments): AttachRequest {
  return {
    selectors: args.texts('selector'),
    controller: args.text('controller'),
    port: args.text('port'),
    slower: args.text('slower') as 'refuse' | 'allow' | undefined,
    grow: growOf(args),
    guardOff: guardOffOf(args),
  };
}

/** @returns what `--grow` allows; undefined where it was not given */
function growOf(args: Arguments): AttachRequest['grow'] {
  const grow = args.text('grow');
  if (grow === undefined) return undefined;
  return { hubs: grow === 'hubs' || grow === 'both', controllers: grow === 'controllers' || grow === 'both' };
}

/** @returns the guards that `--guard-off` names; the option's choices are all there are */
export function guardOffOf(args: Arguments): readonly GuardKind[] {
  return args.texts('guard-off') as readonly GuardKind[];
}

/** @throws QplugError `options-conflict` where `--host` is given with what it does not go with */
export function refuseHostFile(args: Arguments, other: string, why: string): void {
  if (args.text('host') === undefined) return;
  throw fail('options-conflict', { options: ['--host', other], why, fix: 'leave one of them out' });
}
