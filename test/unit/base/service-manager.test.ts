import { expect, test } from 'vitest';
import { meetServiceManager } from '../../../src/base/index.js';

const OURS = String(process.pid);

// with descriptors it is tried as a process of its own: test/qemu/service/agent-service.test.ts
test('what was handed to another process is not ours, and no started program takes it for its own', () => {
  const env = {
    ...{ PATH: '/bin', LISTEN_PID: `${OURS}0`, LISTEN_FDS: '60', LISTEN_FDNAMES: 'control', JOURNAL_STREAM: '8:1' },
    ...{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_PID: `${OURS}0`, WATCHDOG_USEC: '60000000' },
  };
  const { sockets, ...rest } = meetServiceManager(env, ['control']);
  expect([sockets.size, rest]).toEqual([0, { notifyAt: '/run/notify', watchdog: undefined }]);
  expect(env).toEqual({ PATH: '/bin', JOURNAL_STREAM: '8:1' });
});

test.each([
  [{}, undefined],
  [{ WATCHDOG_USEC: '60000000' }, 60_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: OURS }, 60_000],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: '-1' }, undefined],
  [{ WATCHDOG_USEC: '1e9' }, undefined],
  [{ WATCHDOG_USEC: '9'.repeat(40) }, undefined],
])('the time of the watchdog in %j', (env, watchdog) => {
  expect(meetServiceManager({ ...env }, []).watchdog).toBe(watchdog);
});

test.each(['', '0', 'x', '-1', '1.5', '9'.repeat(40)])('%j sockets are none', (LISTEN_FDS) => {
  expect(meetServiceManager({ LISTEN_PID: OURS, LISTEN_FDS }, ['control']).sockets.size).toBe(0);
});

test('an empty address is none', () => {
  expect(meetServiceManager({ NOTIFY_SOCKET: '' }, []).notifyAt).toBe(undefined);
});
