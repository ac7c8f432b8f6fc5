import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { parseVmFile } from '../../../src/index.js';
import { blocks, documents, readme, sessions, withoutComment } from '../../documents/documents.js';
import { qplug } from '../cli/fake-terminal.js';

const root = join(import.meta.dirname, '../../..');

// those of the README are typed by test/oracle/readme.test.ts, and in the lab
test('the README has no other console blocks, and the other documents show no line that it has not', () => {
  expect(sessions(readme(root))).toHaveLength(2);
  const known = new Set(sessions(readme(root)).flat().map(withoutComment));
  const others = documents(root).flatMap(({ name, text }) =>
    sessions(text)
      .flat()
      .map(withoutComment)
      .filter((line) => !known.has(line))
      .map((line) => `${name}: ${line}`),
  );
  expect(others).toEqual([]);
});

test('every VM file in the documents is valid', async () => {
  const files = documents(root).flatMap(({ name, text }) => blocks(text, 'yaml').map((file) => ({ name, file })));
  // the other one is a policy of the host, which test/unit/config/policy/guards-page.test.ts reads
  const vmFiles = files.filter(({ file }) => !/^(allow|deny):/m.test(file));
  expect([vmFiles.length >= 5, files.length - vmFiles.length]).toEqual([true, 1]);
  for (const { name, file } of vmFiles) {
    // some show a few lines of one
    const whole = /^name: /m.test(file) ? file : `name: bench\n${file}`;
    expect((await parseVmFile(whole, `${name}.yaml`)).name).toMatch(/^bench/);
  }
});

test('every command that a document names exists, has a help with examples, and is in the README', async () => {
  const all = documents(root)
    .map(({ text }) => text)
    .join('\n');
  const called = new Set([...all.matchAll(/(?<=`|^\$ )qplug ([a-z]+)/gm)].map(([, word]) => word ?? ''));
  expect([...called].filter((word) => !COMMANDS.some(({ name }) => name === word))).toEqual([]);
  for (const { name } of COMMANDS) {
    const { exit, out, err } = await qplug([name, '--help']);
    expect([exit, err], name).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage {2}qplug ${name}\\b[\\s\\S]*^Examples\\n {2}qplug ${name}\\b`, 'm'));
    expect(readme(root), `the README names ${name}`).toMatch(new RegExp(`qplug ${name}\\b`));
  }
});

/** A path from the top of the project, or a file below src. */
const PATH = /(?<![\w/.*])(?:(?:src|test|scripts|bench|schemas)\/[\w./-]*\w|(?!src)[a-z]+\/[\w./-]+\.ts)/g;

test('every file that a document names is there', () => {
  const named = documents(root).flatMap(({ name, text }) => [...text.matchAll(PATH)].map(([path]) => ({ name, path })));
  expect(named.length).toBeGreaterThan(50);
  const missing = named.filter(({ path }) => !existsSync(join(root, path)) && !existsSync(join(root, 'src', path)));
  expect(missing).toEqual([]);
});
