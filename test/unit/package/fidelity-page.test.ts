import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RELEASES } from '../../../scripts/qemu-releases.mjs';
import { KINDS } from '../../oracle/predictions/case.js';
import { DIFFERENCES, differencesTable } from '../../oracle/predictions/differences.js';
import { FIDELITY_PAGE, sectionOf } from '../../oracle/predictions/fidelity.js';

const page = readFileSync(new URL(`../../../${FIDELITY_PAGE}`, import.meta.url), 'utf8');
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const NAMES = RELEASES.map(({ name }) => name);

test('the counts are of a whole run on every release, with nothing wrong', () => {
  const [head, , ...rows] = (sectionOf(page, 'counts') ?? '').split('\n').map(cellsOf);
  const versions = head?.slice(1) ?? [];
  expect(versions.map((cell) => /^QEMU (\d+\.\d+)\.\d+$/.exec(cell)?.[1])).toEqual(NAMES);
  expect(rows.map(([what]) => what)).toEqual([...Object.values(KINDS), '**all**', '**wrong**']);
  const figures = rows.map((row) => row.slice(1).map(Number));
  const [all = [], wrong] = figures.slice(-2);
  expect(wrong).toEqual(NAMES.map(() => 0));
  expect(all).toEqual(all.map((_, i) => figures.slice(0, -2).reduce((sum, row) => sum + (row[i] ?? Number.NaN), 0)));
  for (const cases of all) expect(cases).toBeGreaterThanOrEqual(1000);
  expect(all.reduce((sum, cases) => sum + cases, 0)).toBeGreaterThanOrEqual(5000);
  // no kind of case was left out
  for (const row of figures.slice(0, -2)) for (const cases of row) expect(cases).toBeGreaterThan(0);
});

test('the differences are those that are tested', () => {
  expect(sectionOf(page, 'differences')).toBe(differencesTable(NAMES));
});

test.each(DIFFERENCES)('$what: releases do differ', ({ seen, predicted, avoided }) => {
  expect(Object.keys(seen).sort()).toEqual([...NAMES].sort());
  expect(new Set(Object.values(seen)).size).toBeGreaterThan(1);
  expect([predicted, avoided].filter((one) => one !== undefined)).toHaveLength(1);
});
