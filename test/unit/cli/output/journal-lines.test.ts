import { expect, test } from 'vitest';
import { forJournal } from '../../../../src/cli/output/journal-lines.js';
import { qplug } from '../fake-terminal.js';

test.each([
  ['error', 3],
  ['warning', 4],
  ['note', 5],
  ['info', 6],
] as const)('each line of a text of level %s has priority %i', (level, priority) => {
  expect(forJournal('one\n  two\n', level, { errIsJournal: true })).toBe(
    `<${priority}>one\n<${priority}>  two\n<${priority}>`,
  );
});

test.each([false, undefined])('nothing is added where it is no journal: %s', (errIsJournal) => {
  expect(forJournal('one\ntwo', 'error', { errIsJournal })).toBe('one\ntwo');
});

test('an error has its priority in every line, whatever it says', async () => {
  const { err } = await qplug(['agent', '<7>x\n<0>y'], { errIsJournal: true });
  const lines = err.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line).toMatch(/^<3>/);
});
