import { readFileSync, writeFileSync } from 'node:fs';
import { RELEASES } from '../../../scripts/qemu-releases.mjs';
import { formatVersion } from '../../../src/qdev/index.js';
import { KINDS, type Kind } from './case.js';
import { differencesTable } from './differences.js';
import { type ReleaseReport, totalOf } from './run-oracle.js';

/** The page, from the project's folder. */
export const FIDELITY_PAGE = 'docs/fidelity.md';

/** The oracle writes the text between these. */
const SECTIONS = {
  counts: ['<!-- counts of the last run: npm run oracle -- --write -->', '<!-- end of counts -->'],
  differences: ['<!-- differences: npm run oracle -- --write -->', '<!-- end of differences -->'],
} as const;

/** @returns the page with this text in that place. @throws Error when it has no such place */
function replaced(page: string, section: keyof typeof SECTIONS, text: string): string {
  const [begin, end] = SECTIONS[section];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${FIDELITY_PAGE} has no place for ${section}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

/** @returns the text in such a place of the page; undefined if there is none */
export function sectionOf(page: string, section: keyof typeof SECTIONS): string | undefined {
  const [begin, end] = SECTIONS[section];
  return page.split(begin)[1]?.split(end)[0]?.trim();
}

/** Writes both tables of the page again. */
export function writeFidelity(reports: readonly ReleaseReport[], path: string): void {
  const page = replaced(readFileSync(path, 'utf8'), 'counts', countsTable(reports));
  writeFileSync(path, replaced(page, 'differences', differencesTable(RELEASES.map(({ name }) => name))));
}

/** Cases by kind and release; the wrong ones in brackets. */
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
