import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

test('one file writes to the streams of the process, and one makes JSON for people', () => {
  const sources = (pattern: string): [string, string][] =>
    files(pattern).map((file) => [file, readFileSync(join(root, file), 'utf8')]);
  const having = (words: RegExp, pattern: string): string[] =>
    sources(pattern).flatMap(([file, text]) => (words.test(text) ? [file] : []));
  expect(having(/process\s*\.\s*(stdout|stderr)|console\s*\.|writeSync\([12],/, 'src')).toEqual([
    'src/cli/output/output.ts',
  ]);
  expect(having(/JSON\.stringify/, 'src/cli')).toEqual(['src/cli/output/json-text.ts']);
  expect(having(/JSON\.stringify/, 'src/view')).toEqual([]);
  expect(having(/stdio:.*inherit/, 'src')).toEqual([]);
});

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .sort();
}
