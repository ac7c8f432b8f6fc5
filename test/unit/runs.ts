const { QPLUG_RUNS = '1' } = process.env;

/** Whether so much is tried that each case has to come up. */
export const isWholeRun: boolean = Number(QPLUG_RUNS) >= 1;

/**
 * How often a property is tried. QPLUG_RUNS multiplies it: 60 for `npm run fuzz`, 0.2 where `npm test` tries another release of Node.
 *
 * @param often - in every run
 */
export function runs(often: number): number {
  return Math.max(1, Math.round(often * Number(QPLUG_RUNS)));
}
