import { describe } from '../../diag/index.js';
import { isSelector, parseSelector } from './selector.js';

/** @returns what is wrong with a selector, in words, or undefined when nothing is: for the findings of a VM file */
export function selectorFault(text: string): string | undefined {
  const parsed = parseSelector(text);
  if (isSelector(parsed)) return undefined;
  const { why, what, fix } = describe(parsed);
  return `${why ?? what}${fix === undefined ? '' : ` (${fix})`}`;
}
