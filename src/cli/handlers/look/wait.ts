import { openHost } from '../../../access/index.js';
import { fail, printable } from '../../../diag/index.js';
import { requireSelector } from '../../../host/index.js';
import { type WaitWish, waitUntil } from '../../../vm/index.js';
import type { Arguments, CommandHandler } from '../../command.js';
import { Progress } from '../../progress.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const [vm, select] = [args.word('vm'), args.text('selector')];
  if (select !== undefined) requireSelector(select);
  const wish = wishOf(args, select);
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

/** @throws QplugError `options-conflict` · `word-missing` */
function wishOf(args: Arguments, select: string | undefined): WaitWish {
  const [ready, absent] = [args.flag('ready'), args.flag('absent')];
  if (ready && absent) {
    const why = 'a device that is absent is never ready';
    throw fail('options-conflict', { options: ['--ready', '--absent'], why, fix: 'Leave one of them out' });
  }
  if (select !== undefined) return { for: ready ? 'ready' : absent ? 'absent' : 'attached', select };
  if (!ready && !absent) return { for: 'up' };
  const example = `qplug wait bench 0781:5567 --${ready ? 'ready' : 'absent'}`;
  throw fail('word-missing', { command: 'wait', what: 'a device', describe: 'A host device, as for attach', example });
}
