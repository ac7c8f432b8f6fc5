import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { type Code, describe, finding, kindOf, type Text } from '../../src/diag/index.js';
import { evidenceOfAll } from '../unit/diag/evidence.js';
import { EXAMPLES, SAMPLE } from '../unit/diag/samples.js';

const HEAD = `# Errors

Every finding that qplug prints, made from src/diag/catalog by \`node scripts/errors.mjs\`. A finding has a **code**, which programs match
on (\`code\` in the documents of \`--json\`), and a **kind**, which decides the exit code when the finding is an error. The same finding can
be a warning or a note elsewhere; then it changes no exit code. The texts below have sample names in them, and where a finding has several texts, one of
them is shown. Codes, kinds and exit codes stay the same within a major version; texts do not.
`;

/**
 * Makes docs/errors.md.
 *
 * @param root - the project's folder
 * @returns the page: a section for each kind, in the order of their exit codes; in each the findings by their codes
 */
export function errorsPage(root: string): string {
  const all = [...evidenceOfAll(root)].map(([code, values]) => ({
    code,
    text: sampleOf(code, code in EXAMPLES ? [EXAMPLES[code]] : values(SAMPLE)),
  }));
  const kinds = Object.entries(EXIT_CODES).flatMap(([kind, exit]) => {
    const mine = all.filter(({ code }) => kindOf(code) === kind).sort((a, b) => (a.code < b.code ? -1 : 1));
    return mine.length === 0 ? [] : [`## ${kind} (exit code ${exit})\n\n${mine.map(sectionOf).join('\n\n')}`];
  });
  return `${[HEAD, ...kinds].join('\n')}\n`;
}

/** @returns of all that a finding can say: what has most parts and fewest gaps, then the shortest */
function sampleOf(code: Code, rows: readonly unknown[]): Text {
  const texts = rows.map(withoutRepeats).map((evidence) => {
    const text = describe(finding(code, evidence as never));
    const parts = Object.values(text).filter((part) => part !== undefined);
    const gaps = JSON.stringify(evidence, (_, value) => value ?? null).split(/null|\[\]/).length;
    return { text, rank: [-parts.length, gaps, parts.join().length] };
  });
  const [best] = texts.sort((a, b) => a.rank.map((one, i) => one - (b.rank[i] ?? 0)).find((one) => one !== 0) ?? 0);
  if (best === undefined) throw new Error(`no evidence of ${code}`);
  return best.text;
}

/** @returns evidence whose lists of names have each name once */
function withoutRepeats(value: unknown): unknown {
  if (Array.isArray(value))
    return [...new Map(value.map((one) => [JSON.stringify(one), withoutRepeats(one)])).values()];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutRepeats(one)]));
}

function sectionOf({ code, text }: { readonly code: Code; readonly text: Text }): string {
  const { what, where, why, fix } = text;
  const lines = [
    `${what}${why === undefined ? '' : `: ${why}`}`,
    ...(where === undefined ? [] : [`  at   ${where}`]),
    ...(fix === undefined ? [] : [`  fix  ${fix.split('\n').join('\n       ')}`]),
  ];
  return `### \`${code}\`\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\``;
}
