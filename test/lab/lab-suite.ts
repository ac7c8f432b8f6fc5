import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Check, Suite } from './inside/suite.js';
import { cleaning, SuiteRun, starting } from './outside/suite-run.js';

/**
 * The checks to run. If LAB_CHECKS is set: those whose name has its text, or one of its texts (`one|other`). Otherwise all, but those for `npm run soak` only if QPLUG_SOAK
 * is set.
 */
function chosen(suite: Suite): readonly Check[] {
  const { LAB_CHECKS: wanted, QPLUG_SOAK: soak } = process.env;
  return suite.checks.filter((check) =>
    wanted === undefined
      ? soak !== undefined || !check.soak
      : wanted.split('|').some((text) => check.name.includes(text)),
  );
}

type Suites = readonly [Suite, ...Suite[]];

/** Groups suites that need the same machine: a boot takes as long as two checks. */
function byMachine(suites: readonly Suite[]): Suites[] {
  const groups = new Map<string, Suites>();
  for (const suite of suites) {
    const key = JSON.stringify(suite.machine);
    groups.set(key, [...(groups.get(key) ?? []), suite] as const as Suites);
  }
  return [...groups.values()];
}

/**
 * Makes tests of lab suites. Boots the lab once for each machine that they need; each check becomes a test, which passes if the lab
 * reports that the check passed. The logs of a boot stay in .cache/lab/logs if anything failed.
 *
 * @param suites - the default exports of files in suites/
 */
export function labSuites(...suites: readonly Suite[]): void {
  for (const group of byMachine(suites)) labBoot(group);
}

function labBoot(suites: Suites): void {
  const checks = suites.flatMap(chosen);
  // a boot without checks would be useless; vitest reports a file without any as a failure
  if (checks.length === 0) return;
  describe(`lab: ${suites.map(({ title }) => title).join(', ')}`, () => {
    let run: SuiteRun | undefined;
    let notBegun: unknown;
    const begin = async (): Promise<void> => {
      run = await SuiteRun.boot(suites, checks);
      await run.begun();
    };
    // Each check fails with the reason; if a hook threw, vitest would report them as skipped.
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
