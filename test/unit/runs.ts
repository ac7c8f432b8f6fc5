const { QPLUG_RUNS = '1' } = process.env;

/**
 * How often a property is tried. QPLUG_RUNS multiplies it: 60 for `npm run fuzz`.
 *
 * @param often - in every run
 */
export function runs(often: number): number {
  return Math.max(1, Math.round(often * Number(QPLUG_RUNS)));
}
