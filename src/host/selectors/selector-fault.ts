import { describe } from '../../diag/index.js';
import { isSelector, parseSelector } from './selector.js';

/** @returns the error of a selector in words, or undefined if it is valid: for the findings of a VM file */
export function selectorFault(text: string): string | undefined {
  const parsed = parseSelector(text);
  if (isSelector(parsed)) return undefined;
  const { why, what, fix } = describe(parsed);
  return `${why ?? what}${fix === undefined ? '' : ` (${fix})`}`;
}
