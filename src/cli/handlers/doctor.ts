import type { Finding } from '../../diag/index.js';
import { diagnose } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { EXIT_CODES } from '../exit-codes.js';
import { hostAccess } from '../host-access.js';
import { lines } from '../lines.js';
import { findingDocument } from '../render-finding.js';

export const run: CommandHandler = async (args, terminal) => {
  const checks = await diagnose(hostAccess(terminal), args.text('binary') ?? 'qemu-system-x86_64', terminal.signal);
  const { outColors: colors } = terminal;
  const findings = checks.flatMap((one) => one.findings);
  const failed = findings.some((one) => one.severity === 'error');
  const passes = (list: readonly Finding[]): boolean => !list.some((one) => one.severity === 'error');
  return {
    schema: 'doctor',
    document: () => ({
      healthy: !failed,
      checks: checks.map(({ name, found, findings: own }) => ({
        name,
        found,
        passed: passes(own),
        findings: own.map(findingDocument),
      })),
    }),
    text: () =>
      lines(
        checks.map(({ name, found, findings: own }) => {
          const mark = !passes(own) ? colors.red('✗') : own.length > 0 ? colors.yellow('!') : colors.green('✓');
          return `${mark} ${name.padEnd(6)} ${found}`;
        }),
      ),
    findings,
    exit: failed ? EXIT_CODES.failed : EXIT_CODES.done,
  };
};
