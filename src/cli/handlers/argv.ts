import { commandLineOf, inventoryOf, prepare } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { exitCodeOf } from '../exit-codes.js';
import { hostAccess } from '../host-access.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = hostAccess(terminal);
  const inventory = args.flag('offline') ? undefined : inventoryOf(host);
  const prepared = await prepare(args.word('file'), host, inventory, {
    full: false,
    forget: args.flag('forget'),
    signal: terminal.signal,
  });
  const line = commandLineOf(prepared);
  return {
    schema: 'argv',
    document: () => ({ vm: prepared.file.name, argv: line.words }),
    text: () => line.text,
    findings: prepared.findings,
    exit: exitCodeOf(prepared.findings),
  };
};
