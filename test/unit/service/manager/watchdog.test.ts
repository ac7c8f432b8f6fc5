import { expect, test } from 'vitest';
import { poll } from '../../../../src/base/index.js';
import { type Finding, fail } from '../../../../src/diag/index.js';
import { Watchdog } from '../../../../src/service/index.js';
import { patience } from '../../../patience.js';

/** A loop that goes round when it is asked, as long as it works. */
class Loop {
  looks = 0;
  works = true;
  asked = 0;
  hint(): void {
    this.asked += 1;
    if (this.works) setImmediate(() => this.looks++);
  }
}

test('tells that the loop goes round, after each round that it asked for', async () => {
  const loop = new Loop();
  const rounds: number[] = [];
  await using _watchdog = new Watchdog(
    loop,
    3,
    async () => void rounds.push(loop.looks),
    () => undefined,
  );
  await poll(() => rounds.length >= 3, { interval: 1, signal: patience() });
  expect(rounds.slice(0, 3)).toEqual([1, 2, 3]);
});

test('is silent while the loop hangs, and goes on when it does', async () => {
  const loop = new Loop();
  loop.works = false;
  let beats = 0;
  await using _watchdog = new Watchdog(
    loop,
    3,
    async () => void beats++,
    () => undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([loop.asked, beats]).toEqual([1, 0]);
  loop.looks += 1;
  loop.works = true;
  await poll(() => beats >= 2, { interval: 1, signal: patience() });
});

test('says once that it can tell nothing, and tries again', async () => {
  const loop = new Loop();
  const said: Finding[] = [];
  let tries = 0;
  const beat = async (): Promise<void> => {
    tries += 1;
    if (tries !== 3) throw fail('manager-untold', { reason: `try ${tries}`, missing: false });
  };
  await using _watchdog = new Watchdog(loop, 3, beat, (findings) => said.push(...findings));
  await poll(() => tries >= 6, { interval: 1, signal: patience() });
  expect(said.map(({ evidence }) => evidence)).toMatchObject([{ reason: 'try 1' }, { reason: 'try 4' }]);
});

test('ends while it waits for the loop, and while it tells', async () => {
  const loop = new Loop();
  loop.works = false;
  await new Watchdog(
    loop,
    60_000,
    async () => undefined,
    () => undefined,
  )[Symbol.asyncDispose]();
  loop.works = true;
  let isTelling = false;
  const watchdog = new Watchdog(
    loop,
    60_000,
    (signal) => {
      isTelling = true;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    () => undefined,
  );
  await poll(() => isTelling, { interval: 1, signal: patience() });
  await watchdog[Symbol.asyncDispose]();
});
