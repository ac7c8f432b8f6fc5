import { commandLineOf, prepare } from '../../vm/index.js';
import { chosenInventory, hostNotes } from '../chosen-inventory.js';
import type { CommandHandler } from '../command.js';
import { exitCodeOf } from '../exit-codes.js';
import { hostAccess } from '../host-access.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = hostAccess(terminal);
  const inventory = await chosenInventory(args, host, terminal);
  const forget = args.flag('forget') || args.text('host') !== undefined;
  const options = { full: false, forget, signal: terminal.signal };
  const prepared = await prepare(args.word('file'), host, inventory, options);
  const findings = [...hostNotes(inventory, prepared), ...prepared.findings];
  const line = commandLineOf(prepared);
  return {
    schema: 'argv',
    document: () => ({ vm: prepared.file.name, argv: line.words }),
    text: () => line.text,
    findings,
    exit: exitCodeOf(findings),
  };
};
