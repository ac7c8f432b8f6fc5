import { expect, test } from 'vitest';
import { Deadline, DeadlineReached } from '../../../src/base/index.js';
import { addFindings, fail, finding, QplugError } from '../../../src/diag/index.js';
import { within } from '../../../src/vm/operation.js';
import { PATIENCE } from '../../patience.js';

const signal = new AbortController().signal;
const left = [finding('not-undone', { devices: ['x'] })];

const rejection = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const late = async (inner: AbortSignal): Promise<never> =>
  new Promise((_, reject) => inner.addEventListener('abort', () => reject(inner.reason)));

test('what ends in time is handed on', async () => {
  expect(await within({ signal, timeout: PATIENCE }, 'wait', async () => 7)).toBe(7);
});

test('a deadline that passes is an error that says what was done', async () => {
  const error = await rejection(within({ signal, timeout: 10 }, 'attach to bench', late));
  expect(error.findings).toEqual([finding('operation-timeout', { what: 'attach to bench', timeout: 10 })]);
});

test('a deadline that passes, with something left: the deadline first, then what is left', async () => {
  const work = (inner: AbortSignal) => late(inner).catch((error) => Promise.reject(addFindings(error, left)));
  const error = await rejection(within({ signal, timeout: 10 }, 'attach', work));
  expect(error.findings.map(({ code }) => code)).toEqual(['operation-timeout', 'not-undone']);
});

test('a caller who gives up gets his own reason', async () => {
  const reason = new Error('enough');
  expect(
    await rejection(
      within({ signal: AbortSignal.abort(reason), timeout: PATIENCE }, 'x', async (s) => s.throwIfAborted()),
    ),
  ).toBe(reason);
});

test('the deadline of something else is not taken for this one', async () => {
  const inner = async () => {
    using deadline = new Deadline(5);
    await late(deadline.signal).catch((cause) =>
      Promise.reject(fail('removal-pending', { device: 'd', timeout: 5 }, { cause })),
    );
  };
  expect((await rejection(within({ signal, timeout: PATIENCE }, 'x', inner))).code).toBe('removal-pending');
});

test('findings are added to an error, a reason becomes one, and an error without more stays the same', () => {
  const error = fail('vm-exists', { name: 'x', pid: 1 });
  expect((addFindings(error, left) as QplugError).findings).toEqual([...error.findings, ...left]);
  const reason = new Error('enough \u001b[31m');
  const added = addFindings(reason, left) as QplugError;
  expect(added.findings[0]).toEqual(finding('stopped', { reason: 'enough \\x1b[31m' }));
  expect(added.cause).toBe(reason);
  expect([addFindings(error, []), addFindings(reason, [])]).toEqual([error, reason]);
  expect(new DeadlineReached(5)).not.toBeInstanceOf(QplugError);
});
