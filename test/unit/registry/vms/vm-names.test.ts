import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inRounds } from '../../../in-rounds.js';
import { bundled } from '../bundled.js';

const PROCESSES = 10;
const ROUNDS = 20;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-names-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('ten processes claim one name, from the second round on over a dead VM: one winner in each of 20 rounds', async () => {
  const program = await bundled('vms/name-taker', folder);
  const rounds = await inRounds(program, folder, { processes: PROCESSES, rounds: ROUNDS });
  const expected = [...Array.from({ length: PROCESSES - 1 }, () => 'vm-exists'), 'won'];
  expect(rounds).toEqual(Array.from({ length: ROUNDS }, () => expected));
  expect(readdirSync(join(folder, 'vm'))).toEqual(['bench']);
});
