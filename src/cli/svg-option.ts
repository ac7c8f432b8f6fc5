import { fail } from '../diag/index.js';
import type { Arguments, OptionDeclaration } from './command.js';

export const SVG: OptionDeclaration = {
  type: 'string',
  argument: 'FILE',
  describe: 'Also draw an SVG picture of it; - is stdout, which then has nothing else',
};

/** Where a picture goes. */
export interface SvgRequest {
  /** A file, or `-`. */
  readonly path: string;
  /** Whether it goes to stdout, and no text with it. */
  readonly alone: boolean;
}

/**
 * @returns what `--svg` asks for; undefined where it was not given
 * @throws QplugError `svg-and-json` where two documents would be on stdout
 */
export function svgRequest(args: Arguments, command: string): SvgRequest | undefined {
  const path = args.text('svg');
  if (path === undefined) return undefined;
  const alone = path === '-';
  if (alone && args.flag('json')) throw fail('svg-and-json', { command });
  return { path, alone };
}
