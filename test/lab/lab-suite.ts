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

type Suites = readonly [Suite, ...Suite[]];

/** Those that want the same machine together: a boot takes as long as two checks. */
function byMachine(suites: readonly Suite[]): Suites[] {
  const groups = new Map<string, Suites>();
  for (const suite of suites) {
    const key = JSON.stringify(suite.machine);
    groups.set(key, [...(groups.get(key) ?? []), suite] as const as Suites);
  }
  return [...groups.values()];
}

/**
 * Makes tests of lab suites: boots the lab once for each machine that they want, and each check becomes a test which passes
 * when the check's good result came out. Logs of a boot in which anything failed stay in .cache/lab/logs.
 *
 * @param suites - the default exports of files in suites/
 */
export function labSuites(...suites: readonly Suite[]): void {
  for (const group of byMachine(suites)) labBoot(group);
}

function labBoot(suites: Suites): void {
  const checks = suites.flatMap(chosen);
  // a boot without a check would be for nothing; a file without any is a failure by itself
  if (checks.length === 0) return;
  describe(`lab: ${suites.map(({ title }) => title).join(', ')}`, () => {
    let run: SuiteRun | undefined;
    let notBegun: unknown;
    const begin = async (): Promise<void> => {
      run = await SuiteRun.boot(suites, checks);
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
    });
  });
}
