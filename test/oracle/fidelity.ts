import { readFileSync, writeFileSync } from 'node:fs';
import { formatVersion } from '../../src/qdev/index.js';
import { KINDS, type Kind } from './case.js';
import { type ReleaseReport, totalOf } from './run-oracle.js';

/** The page, from the project's folder. */
export const FIDELITY_PAGE = 'docs/fidelity.md';

/** What stands between these is written by the oracle. */
const BEGIN = '<!-- counts of the last run: written by npm run oracle -- --write -->';
const END = '<!-- end of counts -->';

/** Replaces the counts on a page. @throws Error when the page has no place for them */
export function writeFidelity(reports: readonly ReleaseReport[], path: string): void {
  const page = readFileSync(path, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for the counts`);
  writeFileSync(path, `${before}${BEGIN}\n${countsTable(reports)}\n${END}${after}`);
}

/** Cases by kind and release; what was wrong is in brackets. */
export function countsTable(reports: readonly ReleaseReport[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const figure = ({ cases, wrong }: { cases: number; wrong: number }): string =>
    wrong === 0 ? String(cases) : `${cases} (${wrong} wrong)`;
  const kinds = Object.keys(KINDS) as Kind[];
  const wrong = reports.map((report) => String(totalOf(report).wrong));
  return [
    row(['Compared', ...reports.map(({ release }) => `QEMU ${formatVersion(release.version)}`)]),
    row(['---', ...reports.map(() => '---:')]),
    ...kinds.map((kind) => row([KINDS[kind], ...reports.map((report) => figure(report.kinds[kind]))])),
    row(['**all**', ...reports.map((report) => String(totalOf(report).cases))]),
    row(['**wrong**', ...wrong]),
  ].join('\n');
}
