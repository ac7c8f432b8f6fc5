import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROCESSES = 10;
const ROUNDS = 20;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-claims-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('ten processes claim one name, from the second round on over a dead VM: one winner in each of 20 rounds', async () => {
  const program = join(folder, 'claimant.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('claimant.ts', import.meta.url))],
    ...{ outfile: program, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
  });
  const lines: string[] = [];
  let heard: () => void = () => undefined;
  const children = Array.from({ length: PROCESSES }, () => {
    const child = spawn(process.execPath, [program, folder, String(ROUNDS)], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      heard();
    });
    return child;
  });
  const all = async (round: number, isOne: (word: string) => boolean): Promise<string[]> => {
    for (;;) {
      const words = lines.filter((line) => line.startsWith(`${round} `)).map((line) => line.split(' ')[1] ?? '');
      const found = words.filter(isOne);
      if (found.length === PROCESSES) return found;
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const rounds: string[][] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      writeFileSync(join(folder, `round-${round}`), '');
      rounds.push((await all(round, (word) => word !== 'over')).toSorted());
      writeFileSync(join(folder, `over-${round}`), '');
      await all(round, (word) => word === 'over');
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  const expected = [...Array.from({ length: PROCESSES - 1 }, () => 'vm-exists'), 'won'];
  expect(rounds).toEqual(Array.from({ length: ROUNDS }, () => expected));
  expect(readdirSync(join(folder, 'vm'))).toEqual(['bench']);
});
