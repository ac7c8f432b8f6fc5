import { openHost } from '../../../access/index.js';
import { doctorDocument, hasPassed } from '../../../view/documents/index.js';
import { diagnose } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { lines } from '../../render/lines.js';

export const run: CommandHandler = async (args, terminal) => {
  const checks = await diagnose(openHost(terminal), args.text('binary') ?? 'qemu-system-x86_64', terminal.signal);
  const { outColors: colors } = terminal;
  return {
    schema: 'doctor',
    document: () => doctorDocument(checks),
    text: () =>
      lines(
        checks.map((check) => {
          const { name, found, findings } = check;
          const mark = !hasPassed(check)
            ? colors.red('✗')
            : findings.length > 0
              ? colors.yellow('!')
              : colors.green('✓');
          return `${mark} ${name.padEnd(6)} ${found}`;
        }),
      ),
    findings: checks.flatMap((one) => one.findings),
    exit: checks.every(hasPassed) ? EXIT_CODES.done : EXIT_CODES.failed,
  };
};
