import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const top = join(import.meta.dirname, '../../..');
let folder: string;

/** A small source tree that keeps all rules. */
const SOUND: Readonly<Record<string, string>> = {
  'src/diag/index.ts': 'export const diag = 1;\n',
  'src/qdev/index.ts': "export { diag } from '../diag/index.js';\n",
  'src/planner/index.ts': "export { diag } from '../qdev/index.js';\n",
  'src/host/index.ts': "export { diag } from '../qdev/index.js';\nexport * from './sysfs/real-sysfs.js';\n",
  'src/host/sysfs/real-sysfs.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
  'src/qmp/index.ts': "export { diag } from '../diag/index.js';\n",
  'src/vm/index.ts':
    "export { diag } from '../planner/index.js';\nexport { read } from '../host/index.js';\nexport { diag as qmp } from '../qmp/index.js';\n",
  'src/index.ts': "export * from './vm/index.js';\n",
  'src/cli/main.ts': "import { diag } from '../vm/index.js';\nvoid diag;\n",
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
  copyFileSync(join(top, '.dependency-cruiser.mjs'), join(folder, '.dependency-cruiser.mjs'));
  copyFileSync(join(top, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  for (const [path, text] of Object.entries(SOUND)) write(path, text);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function check(): { readonly status: number | null; readonly output: string } {
  const cruiser = join(top, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cruiser, '--config', '.dependency-cruiser.mjs', 'src'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('the import rules', () => {
  test('take a tree that keeps them', () => {
    expect(check()).toMatchObject({ status: 0 });
  });

  test.each([
    ['a layer that imports one above it', 'src/qdev/index.ts', "export * from '../vm/index.js';\n", 'layer-qdev'],
    ['a layer that imports its sibling', 'src/host/index.ts', "export * from '../planner/index.js';\n", 'layer-host'],
    [
      'a layer entered by the back door',
      'src/vm/index.ts',
      "export * from '../host/sysfs/real-sysfs.js';\n",
      'through-the-door',
    ],
    ['the pure core touching files', 'src/planner/index.ts', "export { readFileSync } from 'node:fs';\n", 'pure-core'],
    [
      'input and output in an unlisted file',
      'src/vm/index.ts',
      "export { connect } from 'node:net';\n",
      'io-in-few-files',
    ],
    [
      'a program that is started elsewhere',
      'src/host/sysfs/real-sysfs.ts',
      "export { spawn as read } from 'node:child_process';\n",
      'programs-in-one-file',
    ],
    ['a file that nobody reaches', 'src/host/forgotten.ts', 'export const forgotten = 1;\n', 'not-unreachable'],
  ])('fail on %s', (_title, path, text, rule) => {
    write(path, text);
    const { status, output } = check();
    expect(status).not.toBe(0);
    expect(output).toContain(rule);
  });
});
