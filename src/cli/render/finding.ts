import { describe, type Finding, oneLine, type Text } from '../../diag/index.js';
import { atLeast, wrap } from '../../view/text/index.js';
import type { Terminal } from '../terminal.js';

/**
 * A finding for people, on stderr: what and why on the first lines, then what to type. What is to be typed is never broken.
 *
 * ```
 * error: 1-2.3 has no port in bench: every port that takes 480 Mb/s is in use
 *   at   vm.yaml:12:7
 *   fix  qplug detach bench stick
 * ```
 */
export function renderFinding(
  found: Finding,
  { errColors: colors, errColumns: columns }: Pick<Terminal, 'errColors' | 'errColumns'>,
): string {
  const { what, where, why, fix } = partsOf(found);
  const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan }[found.severity];
  const sentence = `${colors.bold(paint(`${found.severity}:`))} ${what}${why === undefined ? '' : `: ${why}`}`;
  const lines = columns === undefined ? [sentence] : [wrap(sentence, atLeast(columns), '  ').join('\n')];
  if (where !== undefined) lines.push(`  ${colors.dim('at')}   ${where}`);
  if (fix !== undefined) lines.push(`  ${colors.dim('fix')}  ${fix.split('\n').join('\n       ')}`);
  return lines.join('\n');
}

/** What each part of a message is: a line, or lines in what is to be typed. A catalog that forgot to escape something changes nothing of that. */
function partsOf(found: Finding): Text {
  const { what, where, why, fix } = describe(found);
  const line = (text: string | undefined): string | undefined => (text === undefined ? undefined : oneLine(text));
  return { what: oneLine(what), where: line(where), why: line(why), fix };
}
