/**
 * @param megabits - Mb/s; undefined when unknown
 * @returns the speed as people write it: `1.5M`, `480M`, `5G`
 */
export function speedText(megabits: number | undefined): string {
  if (megabits === undefined) return '?';
  return megabits >= 1000 ? `${megabits / 1000}G` : `${megabits}M`;
}
