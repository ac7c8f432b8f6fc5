import { appendFileSync } from 'node:fs';
import type { ResultLine } from '../shared.js';
import { readDevices, settled } from './devices.js';
import { Lab } from './lab.js';
import { differences, forgetVms, mend, type Picture, takePicture } from './leftovers.js';
import { facts, Outer } from './outer.js';
import type { Check, Suite } from './suite.js';
import { until } from './until.js';

function tell(line: ResultLine): void {
  appendFileSync('/out/results.jsonl', `${JSON.stringify(line)}\n`);
}

/** Rejects at the deadline, and not before. */
function deadlineOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** What still differs after that many ms. */
async function leftovers(before: Picture, settling: number): Promise<string[]> {
  let found: string[] = [];
  await until(
    'nothing left over',
    () => {
      found = differences(before, takePicture());
      return found.length === 0;
    },
    { timeout: settling, interval: 50 },
  ).catch(() => undefined);
  return found;
}

async function runCheck(check: Check, outer: Outer): Promise<ResultLine> {
  const before = takePicture();
  const begun = performance.now();
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`the check was not done within ${check.timeout} ms`)),
    check.timeout,
  );
  const lab = new Lab(outer, controller.signal);
  const troubles: string[] = [];
  const deadline = deadlineOf(controller.signal);
  await Promise.race([check.run(lab), deadline]).catch((error: unknown) => {
    troubles.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
  clearTimeout(timer);
  deadline.catch(() => undefined);
  const ms = Math.round(performance.now() - begun);
  controller.abort(new Error('the check is over'));
  troubles.push(...(await lab.clean()));
  const found = await leftovers(before, check.settling);
  forgetVms();
  if (found.length > 0) {
    troubles.push(`left over:\n${found.join('\n')}`);
    mend(before, takePicture());
  }
  const error = troubles.length === 0 ? {} : { error: troubles.join('\n') };
  return { kind: 'end', name: check.name, ok: troubles.length === 0, ms, ...error, log: lab.lines };
}

/** Waits until all devices of the boot are there: one for each device of the machine, except controllers. */
async function settle(): Promise<void> {
  const plugged = facts.spec.devices.filter((device) => device['bus'] !== undefined && device['port'] !== undefined);
  await until(`${plugged.length} USB devices`, () => readDevices().filter(settled).length >= plugged.length);
}

/**
 * Runs the checks of some suites in the lab, one after the other, and writes each result to /out/results.jsonl as soon as it
 * is known. Then ends the process, even if a check left something running.
 */
export async function runSuites(suites: readonly Suite[]): Promise<void> {
  await settle();
  const outer = await Outer.open();
  for (const check of suites.flatMap(({ checks }) => checks)) {
    if (facts.only.length > 0 && !facts.only.includes(check.name)) continue;
    tell({ kind: 'begin', name: check.name });
    tell(await runCheck(check, outer));
  }
  tell({ kind: 'finished' });
  process.exit(0);
}
