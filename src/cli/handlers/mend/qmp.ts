import { openHost } from '../../../access/index.js';
import { fail } from '../../../diag/index.js';
import { openVm } from '../../../vm/index.js';
import type { Arguments, CommandHandler } from '../../command.js';
import { jsonText } from '../../output/json-text.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const text = args.text('arguments');
  const given = text === undefined ? undefined : parseObject(text, args);
  const timeout = (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000;
  await using vm = await openVm(args.word('vm'), openHost(terminal), { signal: terminal.signal, timeout });
  const answer = await vm.qmp.executeAny(args.word('command'), given, { signal: terminal.signal, timeout });
  return {
    schema: 'qmp',
    document: () => ({ vm: vm.name, return: answer }),
    text: () => jsonText(answer, 2),
  };
};

function parseObject(text: string, args: Arguments): Record<string, unknown> {
  const call = { vm: args.word('vm'), command: args.word('command'), text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail('json-invalid', { ...call, reason: (error as Error).message }, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fail('json-invalid', { ...call, reason: 'it is not an object' });
  }
  return value as Record<string, unknown>;
}
