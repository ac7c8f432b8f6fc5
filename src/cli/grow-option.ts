import type { Arguments } from './command.js';

/** @returns what `--grow` allows; undefined where it was not given */
export function growOf(args: Arguments): { hubs: boolean; controllers: boolean } | undefined {
  const grow = args.text('grow');
  if (grow === undefined) return undefined;
  return { hubs: grow === 'hubs' || grow === 'both', controllers: grow === 'controllers' || grow === 'both' };
}
