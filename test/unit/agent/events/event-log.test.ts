import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type AgentEvent, EventLog, type LoggedEvent, type Resync } from '../../../../src/agent/events/index.js';

const WHEN = '2026-11-30T12:00:00.000Z';
/** The events that the log keeps. */
const KEPT = 10_000;

const ups = (count: number): AgentEvent[] => Array.from({ length: count }, (_, i) => ({ event: 'vm-up', vm: `${i}` }));
const number = (one: LoggedEvent | Resync): string => ('seq' in one ? `${one.seq}` : `resync ${one.next}`);

/** Reads so many events. */
async function take(log: EventLog, since: number, count: number): Promise<(LoggedEvent | Resync)[]> {
  const taken: (LoggedEvent | Resync)[] = [];
  for await (const one of log.read(since, new AbortController().signal)) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}

describe('a reader', () => {
  test('gets each event once, in order, with its number and time', async () => {
    const log = new EventLog();
    const read = take(log, 1, 4);
    log.append([{ event: 'vm-up', vm: 'a' }], WHEN);
    log.append([], WHEN);
    log.append(
      [
        { event: 'attached', vm: 'a', label: 'x' },
        { event: 'lost', vm: 'a', label: 'x' },
      ],
      WHEN,
    );
    await Promise.resolve();
    log.append([{ event: 'vm-down', vm: 'a' }], WHEN);
    expect(await read).toEqual([
      { event: 'vm-up', vm: 'a', seq: 1, time: WHEN },
      { event: 'attached', vm: 'a', label: 'x', seq: 2, time: WHEN },
      { event: 'lost', vm: 'a', label: 'x', seq: 3, time: WHEN },
      { event: 'vm-down', vm: 'a', seq: 4, time: WHEN },
    ]);
    expect(log.next).toBe(5);
  });

  test('that comes later gets the events again, from where it wants', async () => {
    const log = new EventLog();
    log.append(ups(5), WHEN);
    expect((await take(log, 1, 5)).map(number)).toEqual(['1', '2', '3', '4', '5']);
    expect((await take(log, 4, 2)).map(number)).toEqual(['4', '5']);
    expect((await take(log, 0, 2)).map(number)).toEqual(['1', '2']);
  });

  test('that wants only what is new waits for it', async () => {
    const log = new EventLog();
    log.append(ups(5), WHEN);
    const read = take(log, log.next, 1);
    log.append(ups(1), WHEN);
    expect((await read).map(number)).toEqual(['6']);
  });

  test('whose number is of an agent that ran before learns that it has missed something', async () => {
    const log = new EventLog();
    log.append(ups(2), WHEN);
    const read = take(log, 500, 2);
    log.append(ups(1), WHEN);
    expect((await read).map(number)).toEqual(['resync 3', '3']);
  });

  test('that comes too late for the oldest events learns of it, and gets the rest', async () => {
    const log = new EventLog();
    log.append(ups(KEPT + 3), WHEN);
    expect((await take(log, 1, 2)).map(number)).toEqual(['resync 4', '4']);
    expect((await take(log, 4, 1)).map(number)).toEqual(['4']);
  });

  test('that is slow learns of what it lost, while another one gets all', async () => {
    const log = new EventLog();
    const signal = new AbortController().signal;
    const slow = log.read(1, signal);
    const quick = log.read(1, signal);
    log.append(ups(1), WHEN);
    expect(number((await slow.next()).value as LoggedEvent)).toBe('1');
    for (let seq = 1; seq <= KEPT + 10; seq++) {
      expect((await quick.next()).value).toMatchObject({ seq });
      log.append(ups(1), WHEN);
    }
    expect((await slow.next()).value).toEqual({ event: 'resync', next: 12 });
    expect((await slow.next()).value).toMatchObject({ seq: 12 });
    await slow.return();
    await quick.return();
  });
});

describe('the end of a reader', () => {
  test('comes at once when its signal aborts, while it waits', async () => {
    const log = new EventLog();
    const end = new AbortController();
    const next = log.read(1, end.signal).next();
    end.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  test('comes at once when its signal has aborted', async () => {
    const log = new EventLog();
    log.append(ups(1), WHEN);
    expect((await log.read(1, AbortSignal.abort()).next()).done).toBe(true);
  });

  test('comes after the event that it has, when its signal aborts meanwhile', async () => {
    const log = new EventLog();
    log.append(ups(3), WHEN);
    const end = new AbortController();
    const seen: string[] = [];
    for await (const one of log.read(1, end.signal)) {
      seen.push(number(one));
      end.abort();
    }
    expect(seen).toEqual(['1']);
  });

  test('does not stop another one', async () => {
    const log = new EventLog();
    const end = new AbortController();
    const ended = log.read(1, end.signal).next();
    const other = take(log, 1, 1);
    end.abort();
    log.append(ups(1), WHEN);
    expect((await ended).done).toBe(true);
    expect((await other).map(number)).toEqual(['1']);
  });

  test('leaves nothing behind', async () => {
    const log = new EventLog();
    const { signal } = new AbortController();
    for (let times = 1; times <= 50; times++) {
      const reader = log.read(times, signal);
      const read = reader.next();
      log.append(ups(1), WHEN);
      await read;
      await reader.return();
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('the log keeps the latest events, however many there were', async () => {
  const log = new EventLog();
  for (let times = 0; times < 30; times++) log.append(ups(1000), WHEN);
  log.append(ups(KEPT * 2), WHEN);
  expect(log.next).toBe(50_001);
  const read = log.read(1, new AbortController().signal);
  expect((await read.next()).value).toEqual({ event: 'resync', next: 50_001 - KEPT });
  for (let seq = 50_001 - KEPT; seq < 50_001; seq++) expect((await read.next()).value).toMatchObject({ seq });
  await read.return();
});
