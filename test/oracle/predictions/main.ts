import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/folders.mjs';
import { formatVersion } from '../../../src/qdev/index.js';
import { type OracleArguments, parseArguments, USAGE } from './arguments.js';
import { FIDELITY_PAGE, writeFidelity } from './fidelity.js';
import type { Difference, Release } from './run-case.js';
import { prepareReleases, type ReleaseReport, replay, runOracle, totalOf } from './run-oracle.js';
import { shrink } from './shrink.js';

const PROGRESS_MS = 5_000;
/** The most differences that are printed. */
const MOST_SHOWN = 20;
/** The most differences that are reduced first; each takes some seconds. */
const MOST_SHRUNK = 3;
const INTERRUPTED = 130;

/** @returns the exit code: 0 when every prediction was true, 1 when one was not, 2 for wrong arguments */
async function main(words: readonly string[]): Promise<number> {
  let options: OracleArguments | 'help';
  try {
    options = parseArguments(words);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    return await run(options, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error('oracle: interrupted');
    return INTERRUPTED;
  }
}

async function run(options: OracleArguments, signal: AbortSignal): Promise<number> {
  const began = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - began) / 1000)} s`;
  const reports = await prepareReleases(options.releases, signal);
  const found: [Release, Difference][] = [];
  const onDifference = (release: Release, difference: Difference): void => {
    found.push([release, difference]);
    if (found.length <= MOST_SHOWN) console.error(`oracle: difference on QEMU ${release.name}: ${difference.kind}`);
  };
  const progress = setInterval(() => console.error(`oracle: ${seconds()}: ${brief(reports)}`), PROGRESS_MS);
  try {
    if (options.replay !== undefined) await replay(reports, options.replay, { signal, onDifference });
    else {
      const { seed, jobs } = options;
      const cases = Math.ceil(options.cases / reports.length);
      console.error(`oracle: ${cases} comparisons on each of ${reports.map(nameOf).join(', ')}; seed ${seed}`);
      await runOracle(reports, { cases, seed, jobs, signal, onDifference });
    }
  } finally {
    clearInterval(progress);
    for (const [i, [release, difference]] of found.slice(0, MOST_SHOWN).entries()) {
      const small = i < MOST_SHRUNK && !signal.aborted ? await shrink(difference, release, signal) : difference;
      console.log(describe(release, small));
    }
    if (found.length > MOST_SHOWN) console.log(`… ${found.length - MOST_SHOWN} more\n`);
  }
  for (const report of reports) {
    const { cases, wrong } = totalOf(report);
    console.log(`QEMU ${nameOf(report)}: ${cases} cases, ${wrong} wrong`);
  }
  const wrong = reports.reduce((sum, report) => sum + totalOf(report).wrong, 0);
  const cases = reports.reduce((sum, report) => sum + totalOf(report).cases, 0);
  console.log(`${cases} cases in ${seconds()}, ${wrong} wrong`);
  if (options.report !== undefined) writeFileSync(options.report, JSON.stringify(reportOf(cases - wrong, found)));
  if (options.write && options.replay === undefined) {
    writeFidelity(reports, join(root, FIDELITY_PAGE));
    console.log(`${FIDELITY_PAGE} written`);
  }
  return wrong === 0 && cases > 0 ? 0 : 1;
}

const nameOf = ({ release }: ReleaseReport): string => formatVersion(release.version);

function brief(reports: readonly ReleaseReport[]): string {
  return reports
    .map((report) => {
      const { cases, wrong } = totalOf(report);
      return `${report.release.name} ${cases}${wrong === 0 ? '' : ` (${wrong} wrong)`}`;
    })
    .join(', ');
}

/** A report of a run for `npm test`, in the format of vitest's reports. */
function reportOf(right: number, found: readonly [Release, Difference][]): object {
  const assertionResults = found.map(([release, { kind, lines }]) => ({
    status: 'failed',
    fullName: `a difference on QEMU ${formatVersion(release.version)}: ${kind}`,
    failureMessages: [lines.join('\n')],
  }));
  return { numPassedTests: right, testResults: [{ name: import.meta.filename, assertionResults }] };
}

/** A difference, with the command that repeats it. */
function describe(release: Release, { kind, lines, case: asked }: Difference): string {
  const json = JSON.stringify(asked).replaceAll("'", "'\\''");
  const command = `npm run oracle -- --release ${release.name} --replay '${json}'`;
  return [
    `DIFFERENCE on QEMU ${formatVersion(release.version)}: ${kind}`,
    ...lines.map((line) => `  ${line}`),
    command,
    '',
  ].join('\n');
}

process.exitCode = await main(process.argv.slice(2));
