import { OracleQemu } from '../harness/oracle-qemu.js';
import { KINDS, type Kind, type OracleCase } from './case.js';
import { type CaseSize, generateCase } from './generate.js';
import { type Difference, type Release, runCase } from './run-case.js';

/** How often prediction and QEMU were compared, and how often they differed. */
export interface Counts {
  cases: number;
  wrong: number;
}

export interface ReleaseReport {
  readonly release: Release;
  readonly kinds: Record<Kind, Counts>;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onDifference: (release: Release, difference: Difference) => void;
}

/** About thirty comparisons for each machine: more machines and more questions both take time. */
const SIZE: CaseSize = { probes: 20, plans: 2 };

const KIND_NAMES = Object.keys(KINDS) as Kind[];

/** A prime, so that the cases of neighbouring seeds have nothing in common. */
const SEED_STEP = 1_000_003;

/** @returns the case with this number of a run with this seed */
function caseOf(seed: number, number: number): Promise<OracleCase> {
  return generateCase(Math.imul(seed, SEED_STEP) + number, SIZE);
}

/**
 * Asks each release the same random cases, until each has answered as many as are wanted.
 *
 * @param reports - of `prepareReleases`; the counts in them grow meanwhile
 * @param options.cases - for each release
 * @param options.jobs - how many QEMUs at once
 */
export async function runOracle(
  reports: readonly ReleaseReport[],
  options: RunOptions & { readonly cases: number; readonly seed: number; readonly jobs: number },
): Promise<void> {
  const queue = workOf(reports, options.cases);
  const worker = async (): Promise<void> => {
    for (const { report, number } of queue) await ask(await caseOf(options.seed, number), report, options);
  };
  await Promise.all(Array.from({ length: options.jobs }, worker));
}

/** Asks each release one case. */
export async function replay(reports: readonly ReleaseReport[], asked: OracleCase, options: RunOptions): Promise<void> {
  for (const report of reports) await ask(asked, report, options);
}

function ask(
  asked: OracleCase,
  { release, kinds }: ReleaseReport,
  { signal, onDifference }: RunOptions,
): Promise<void> {
  const count = (kind: Kind, wrong?: Difference): void => {
    kinds[kind].cases += 1;
    if (wrong === undefined) return;
    kinds[kind].wrong += 1;
    onDifference(release, wrong);
  };
  return runCase(asked, release, count, signal);
}

/** The release that lacks most comes next; the cases of each are numbered from 1. */
function* workOf(
  reports: readonly ReleaseReport[],
  wanted: number,
): Generator<{ report: ReleaseReport; number: number }> {
  const numbers = new Map(reports.map((report) => [report, 0]));
  for (;;) {
    const behind = reports
      .filter((report) => totalOf(report).cases < wanted)
      .sort((a, b) => (numbers.get(a) ?? 0) - (numbers.get(b) ?? 0))[0];
    if (behind === undefined) return;
    const number = (numbers.get(behind) ?? 0) + 1;
    numbers.set(behind, number);
    yield { report: behind, number };
  }
}

export function totalOf({ kinds }: Pick<ReleaseReport, 'kinds'>): Counts {
  const all = Object.values(kinds);
  return {
    cases: all.reduce((sum, { cases }) => sum + cases, 0),
    wrong: all.reduce((sum, { wrong }) => sum + wrong, 0),
  };
}

/** Starts each release once, which fetches those that are not there, and asks what it is. */
export async function prepareReleases(names: readonly string[], signal: AbortSignal): Promise<ReleaseReport[]> {
  const releases: ReleaseReport[] = [];
  for (const name of names) {
    const kinds = Object.fromEntries(KIND_NAMES.map((kind) => [kind, { cases: 0, wrong: 0 }])) as Record<Kind, Counts>;
    releases.push({ release: await askRelease(name, signal), kinds });
  }
  return releases;
}

/** What a release reports about itself. */
async function askRelease(name: string, signal: AbortSignal): Promise<Release> {
  await using qemu = await OracleQemu.start({ release: name, args: ['-machine', 'none'], signal });
  const reply = await qemu.ask('qom-list-types', { implements: 'usb-device', abstract: false });
  if ('error' in reply) throw new Error(`QEMU ${name}: ${reply.error.desc}`);
  const types = reply.ok as readonly { readonly name: string }[];
  return { name, version: qemu.version, drivers: new Set(types.map((type) => type.name)) };
}
