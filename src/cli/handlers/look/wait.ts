import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import { requireSelector } from '../../../host/index.js';
import { type WaitWish, waitUntil } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { Progress } from '../../progress.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const [vm, select] = [args.word('vm'), args.text('selector')];
  if (select !== undefined) requireSelector(select);
  const wish: WaitWish =
    select === undefined ? { for: 'up' } : { for: args.flag('absent') ? 'absent' : 'attached', select };
  const timeout = (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000;
  using progress = new Progress(terminal, false);
  progress.tell(`wait until ${select ?? vm} is ${wish.for}`);
  await waitUntil(vm, wish, openHost(terminal), { signal: terminal.signal, timeout });
  return {
    schema: 'wait',
    document: () => ({ vm, select: select ?? null, is: wish.for }),
    text: () => `${printable(select === undefined ? vm : select)} is ${wish.for}`,
  };
};
