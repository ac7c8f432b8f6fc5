import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Check, Suite } from './inside/suite.js';
import { cleaning, SuiteRun, starting } from './outside/suite-run.js';

/**
 * The checks to run: those whose name has the text of the variable LAB_CHECKS; when it is not set all but those that take too long,
 * and with QPLUG_SOAK those too.
 */
function chosen(suite: Suite): readonly Check[] {
  const { LAB_CHECKS: wanted, QPLUG_SOAK: soak } = process.env;
  return suite.checks.filter((check) =>
    wanted === undefined ? soak !== undefined || !check.soak : check.name.includes(wanted),
  );
}

/**
 * Makes a vitest suite of a lab suite: boots the lab once, and each check becomes a test which passes when the check's
 * good result came out. Logs of a boot in which anything failed stay in .cache/lab/logs.
 *
 * @param suite - the default export of a file in suites/
 */
export function labSuite(suite: Suite): void {
  const checks = chosen(suite);
  // a boot without a check would be for nothing; a file without any is a failure by itself
  if (checks.length === 0) return;
  describe(`lab: ${suite.title}`, () => {
    let run: SuiteRun | undefined;
    let notBegun: unknown;
    const begin = async (): Promise<void> => {
      run = await SuiteRun.boot(suite, checks);
      await run.begun();
    };
    // Each check fails with the reason; a hook that throws would have vitest call them skipped.
    beforeAll(async () => {
      await begin().catch((error: unknown) => {
        notBegun = error;
      });
    }, starting);
    for (const check of checks) {
      test(check.name, { timeout: check.timeout + cleaning }, async ({ annotate }) => {
        if (!run || notBegun) throw notBegun;
        const result = await run.resultOf(check.name);
        await annotate(`${result.ms} ms in the lab`);
        if (!result.ok) throw new Error([result.error, ...result.log, `logs: ${run.folder}`].join('\n'));
      });
    }
    afterAll(async () => {
      await run?.finish();
    }, 60_000);
  });
}
