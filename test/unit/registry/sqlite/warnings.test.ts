import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundled } from '../bundled.js';

test('Node does not tell the user that its SQLite is experimental; any other warning reaches them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-warnings-'));
  try {
    const program = await bundled('sqlite/warner', folder);
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', env: {} });
    const told = stderr.split('\n').flatMap((line) => /Warning: (.*)/.exec(line)?.[1] ?? []);
    expect([told, stdout]).toEqual([['the first', 'the second'], 'true']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
