import { commandLineOf } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { exitCodeOf } from '../../exit-codes.js';
import { prepareFile } from '../shared/prepare-file.js';

export const run: CommandHandler = async (args, terminal) => {
  const { prepared, findings } = await prepareFile(args.word('file'), args, terminal);
  const line = commandLineOf(prepared);
  return {
    schema: 'argv',
    document: () => ({ vm: prepared.file.name, argv: line.words }),
    text: () => line.text,
    findings,
    exit: exitCodeOf(findings),
  };
};
