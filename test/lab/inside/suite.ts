import type { MachineSpec } from '../shared.js';
import type { Lab } from './lab.js';

/** One thing to test in the lab. */
export interface Check {
  name: string;
  run: (lab: Lab) => Promise<void>;
  /** ms, without the cleanup. */
  timeout: number;
  /** ms after the cleanup, within which the lab must be as it was before. */
  settling: number;
  /** Whether only `npm run soak` runs it, because all other runs must be short. */
  soak: boolean;
}

/** Checks that share one boot. They run in order, each from the same state: the harness undoes the changes of each. */
export interface Suite {
  title: string;
  /** `import.meta.url` of the file that has the suite as its default export. */
  source: string;
  machine: MachineSpec;
  /** See `Check`; half a minute when left out. Drivers come back and processes end a little later. */
  settling?: number;
  checks: readonly Check[];
}

type Add = (name: string, run: Check['run'], options?: { timeout?: number }) => void;

/** How a suite file adds its checks: `check(…)` one of every run, `check.soak(…)` one that only `npm run soak` does. */
export interface AddCheck extends Add {
  readonly soak: Add;
}

/** A busy machine takes this many times as long as a quiet one. */
const PATIENCE = 10;

/**
 * Makes a suite. Its file is loaded twice: by vitest for the names, and in the lab to run. So it must do nothing outside its
 * checks.
 *
 * @param about - see `Suite`
 * @param fill - adds the checks; each may take 60 s on a quiet machine unless it says otherwise
 * @throws Error when two checks have the same name
 */
export function defineSuite(about: Omit<Suite, 'checks'>, fill: (check: AddCheck) => void): Suite {
  const checks: Check[] = [];
  const adding =
    (soak: boolean): Add =>
    (name, run, { timeout = 60_000 } = {}) => {
      if (checks.some((other) => other.name === name)) throw new Error(`two checks are called "${name}"`);
      checks.push({ name, run, timeout: timeout * PATIENCE, settling: about.settling ?? 30_000, soak });
    };
  fill(Object.assign(adding(false), { soak: adding(true) }));
  return { ...about, checks };
}
