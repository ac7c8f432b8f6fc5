import sinon from 'sinon';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/diag/index.js';
import { QmpClosedError, QmpCommandError, QmpTimeoutError } from '../../../../src/qmp/index.js';
import { connectedPeer, outcome } from '../fake-peer.js';

const SHUTDOWN = { event: 'SHUTDOWN', data: { guest: false, reason: 'host-signal' } };

describe('execute', () => {
  test('commands are sent at once and in the order of the calls', async () => {
    const { peer, connection } = await connectedPeer();
    const calls = [
      outcome(connection.execute('device_add', { driver: 'usb-tablet', id: 't' })),
      outcome(connection.execute('query-status')),
      outcome(connection.executeAny('query-jobs', undefined, { oob: true })),
    ];
    expect(peer.sent).toEqual([
      { execute: 'device_add', arguments: { driver: 'usb-tablet', id: 't' }, id: 1 },
      { execute: 'query-status', id: 2 },
      { 'exec-oob': 'query-jobs', id: 3 },
    ]);
    peer.hangUp();
    await Promise.all(calls);
  });

  test('each call gets its own answer', async () => {
    const { peer, connection } = await connectedPeer();
    const calls = [connection.execute('query-name'), connection.execute('query-status')];
    const status = { status: 'running', running: true, singlestep: false };
    peer.say({ return: status, id: 2 }, { return: { name: 'a' }, id: 1 });
    expect(await Promise.all(calls)).toEqual([{ name: 'a' }, status]);
  });

  test('a refusal keeps class, desc, command and arguments, and is shown printable', async () => {
    const { peer, connection } = await connectedPeer();
    const call = outcome(connection.execute('device_del', { id: 'x' }));
    peer.say({ error: { class: 'DeviceNotFound', desc: "Device '\u001b[31mx' not found" }, id: 1 });
    const { error } = (await call) as { error: QmpCommandError };
    expect(error).toBeInstanceOf(QmpCommandError);
    expect(error).toMatchObject({
      name: 'QmpCommandError',
      code: 'qmp-command-failed',
      kind: 'failed',
      command: 'device_del',
      arguments: { id: 'x' },
      errorClass: 'DeviceNotFound',
      desc: "Device '\u001b[31mx' not found",
      message: "QEMU refused device_del: DeviceNotFound: Device '\\x1b[31mx' not found",
    });
  });

  test('arguments that cannot be sent reject the call, send nothing and harm nobody', async () => {
    const { peer, connection } = await connectedPeer();
    await expect(connection.executeAny('x', { a: 1n })).rejects.toMatchObject({ code: 'qmp-unsendable' });
    expect(peer.sent).toEqual([]);
    const call = outcome(connection.execute('query-status'));
    expect(peer.sent).toEqual([{ execute: 'query-status', id: 1 }]);
    peer.hangUp();
    await call;
  });

  test('a signal that is aborted already sends nothing and rejects with its reason', async () => {
    const { peer, connection } = await connectedPeer();
    const reason = new Error('enough');
    const call = connection.execute('stop', {}, { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    expect(peer.sent).toEqual([]);
  });

  test('an abort rejects with its reason, and the late answer is swallowed without a report, once', async () => {
    const reports: Finding[] = [];
    const { peer, connection } = await connectedPeer({ onReport: (found) => reports.push(found) });
    const controller = new AbortController();
    const call = outcome(connection.execute('stop', {}, { signal: controller.signal }));
    controller.abort('enough');
    expect(await call).toEqual({ error: 'enough' });
    peer.say({ return: {}, id: 1 });
    expect(reports).toEqual([]);
    peer.say({ return: {}, id: 1 });
    expect(reports).toMatchObject([{ code: 'qmp-unknown-reply' }]);
  });

  test('an unknown reply is reported', async () => {
    const reports: Finding[] = [];
    const { peer } = await connectedPeer({ onReport: (found) => reports.push(found) });
    peer.say({ return: {}, id: 77 });
    expect(reports).toMatchObject([{ code: 'qmp-unknown-reply', evidence: { id: '77' } }]);
  });

  test('the transcript sees both directions', async () => {
    const seen: unknown[] = [];
    const { peer, connection } = await connectedPeer({ transcript: (...entry) => seen.push(entry) });
    const call = connection.execute('query-name');
    peer.say({ return: {}, id: 1 });
    await call;
    expect(seen.slice(-2)).toEqual([
      ['sent', { execute: 'query-name', id: 1 }],
      ['received', { return: {}, id: 1 }],
    ]);
    expect(seen).toHaveLength(5);
  });
});

describe('deadlines', () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => clock.restore());

  test('a command without answer is rejected after its own timeout, and the session goes on', async () => {
    const { peer, connection } = await connectedPeer();
    const call = outcome(connection.execute('query-status', {}, { timeout: 200 }));
    await clock.tickAsync(199);
    peer.say({ event: 'STOP' });
    await clock.tickAsync(1);
    const { error } = (await call) as { error: QmpTimeoutError };
    expect(error).toBeInstanceOf(QmpTimeoutError);
    expect(error).toMatchObject({ code: 'qmp-timeout', kind: 'timeout', awaited: 'query-status', timeout: 200 });
    const next = connection.execute('query-name');
    peer.say({ return: {}, id: 1 }, { return: { name: 'n' }, id: 2 });
    expect(await next).toEqual({ name: 'n' });
  });

  test('the timeout of the connection holds where a call names none', async () => {
    const { connection } = await connectedPeer({ commandTimeout: 50 });
    const calls = [outcome(connection.execute('query-status')), outcome(connection.waitFor('STOP').promise)];
    await clock.tickAsync(50);
    expect(await Promise.all(calls)).toMatchObject([
      { error: { code: 'qmp-timeout' } },
      { error: { code: 'qmp-event-timeout' } },
    ]);
  });

  test('no timer is left behind after answers, aborts and the end', async () => {
    const { peer, connection } = await connectedPeer();
    const controller = new AbortController();
    const calls = [
      connection.execute('query-name'),
      connection.execute('query-name', {}, { signal: controller.signal }),
      connection.execute('query-name', {}, { timeout: Infinity }),
    ].map(outcome);
    peer.say({ return: {}, id: 1 });
    controller.abort();
    expect(clock.countTimers()).toBe(0);
    peer.hangUp();
    await Promise.all(calls);
    expect(clock.countTimers()).toBe(0);
  });
});

describe('the end', () => {
  test('every pending call, wait and stream ends exactly once with the reason', async () => {
    const { peer, connection } = await connectedPeer();
    const calls = [connection.execute('stop'), connection.execute('cont'), connection.waitFor('STOP').promise].map(
      outcome,
    );
    const stream = connection.events();
    peer.say({ event: 'RESUME' });
    peer.hangUp();
    for (const { error } of (await Promise.all(calls)) as { error: QmpClosedError }[]) {
      expect(error).toBeInstanceOf(QmpClosedError);
      expect(error).toMatchObject({ code: 'qmp-closed', kind: 'unreachable', reason: { reason: 'eof' } });
    }
    expect(await stream.next()).toMatchObject({ value: { event: 'RESUME' } });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(await connection.closed).toEqual({ reason: 'eof' });
  });

  test('a call after the end says that it was not sent', async () => {
    const { peer, connection } = await connectedPeer();
    peer.hangUp();
    await expect(connection.execute('cont')).rejects.toMatchObject({
      message:
        'cont was not sent: the QMP connection has ended (/run/vm/qmp.sock): QEMU closed it; it may have been killed',
    });
    await expect(connection.waitFor('STOP').promise).rejects.toBeInstanceOf(QmpClosedError);
    expect(await connection.events().next()).toMatchObject({ done: true });
    expect(peer.sent).toEqual([]);
  });

  test('a reset after SHUTDOWN counts as the shutdown', async () => {
    const { peer, connection } = await connectedPeer();
    peer.say(SHUTDOWN);
    peer.hangUp(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    expect(await connection.closed).toEqual({ reason: 'shutdown', cause: 'host-signal', guest: false });
  });

  test("a reset without SHUTDOWN keeps the system's error as cause", async () => {
    const { peer, connection } = await connectedPeer();
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const call = outcome(connection.execute('cont'));
    peer.hangUp(reset);
    expect(await call).toMatchObject({ error: { cause: reset, findings: [{ evidence: { detail: 'ECONNRESET' } }] } });
    expect(await connection.closed).toEqual({ reason: 'error', error: reset });
  });

  test('garbage in mid-session cuts the connection off and is the reason', async () => {
    const { peer, connection } = await connectedPeer();
    const call = outcome(connection.execute('cont'));
    peer.sayText('login: \n{"return": {}, "id": 1}\n');
    expect(await call).toMatchObject({ error: { reason: { reason: 'protocol', error: { code: 'qmp-malformed' } } } });
    expect(await connection.closed).toMatchObject({ reason: 'protocol' });
    expect(peer.calls).toEqual(['destroy']);
  });

  test('a message over the limit is named with the limit', async () => {
    const { peer, connection } = await connectedPeer({ maxMessageBytes: 1000 });
    peer.sayText('{"return": "'.padEnd(1001, 'x'));
    expect(await connection.closed).toMatchObject({
      error: { code: 'qmp-message-too-large', message: expect.stringContaining('1000 bytes') },
    });
  });
});

describe('events', () => {
  const deleted = (device: string) => ({
    event: 'DEVICE_DELETED',
    data: { device, path: `/machine/peripheral/${device}` },
  });

  test('a listener gets its events until it is disposed', async () => {
    const { peer, connection } = await connectedPeer();
    const seen: unknown[] = [];
    const listening = connection.on('DEVICE_DELETED', ({ data }) => seen.push(data.device));
    peer.say(deleted('a'), { event: 'STOP' }, deleted('b'));
    listening[Symbol.dispose]();
    peer.say(deleted('c'));
    expect(seen).toEqual(['a', 'b']);
  });

  test('one function that listens twice is called twice, and once after one of both is disposed', async () => {
    const { peer, connection } = await connectedPeer();
    const listener = sinon.spy();
    const first = connection.on('STOP', listener);
    connection.on('STOP', listener);
    peer.say({ event: 'STOP' });
    expect(listener.callCount).toBe(2);
    first[Symbol.dispose]();
    peer.say({ event: 'STOP' });
    expect(listener.callCount).toBe(3);
  });

  test('a listener that throws neither hides the exception nor stops the others', async () => {
    const { peer, connection } = await connectedPeer();
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => uncaught.push(error));
    const seen = sinon.spy();
    connection.on('STOP', () => {
      throw new Error('mine');
    });
    connection.on('STOP', seen);
    const call = connection.execute('query-name');
    peer.say({ event: 'STOP' }, { return: {}, id: 1 });
    expect(await call).toEqual({});
    await new Promise((resolve) => setImmediate(resolve));
    for (const listener of before) process.on('uncaughtException', listener);
    expect(seen.callCount).toBe(1);
    expect(uncaught).toMatchObject([{ message: 'mine' }]);
  });

  test('a stream of named events leaves the others out; a slow reader is told of its loss', async () => {
    const reports: Finding[] = [];
    const { peer, connection } = await connectedPeer({ onReport: (found) => reports.push(found) });
    const stream = connection.events(['DEVICE_DELETED'], { limit: 2 });
    peer.say(deleted('a'), { event: 'STOP' }, deleted('b'), deleted('c'));
    expect([await stream.next(), await stream.next()]).toMatchObject([
      { value: { data: { device: 'b' } } },
      { value: { data: { device: 'c' } } },
    ]);
    expect(stream.dropped).toBe(1);
    expect(reports).toMatchObject([{ code: 'qmp-events-dropped', evidence: { dropped: 1, limit: 2 } }]);
  });

  test('a stream of all events has those that qplug does not know', async () => {
    const { peer, connection } = await connectedPeer();
    const stream = connection.events();
    peer.say({ event: 'JOB_STATUS_CHANGE', data: { id: 'j' }, timestamp: { seconds: 5, microseconds: 6 } });
    expect(await stream.next()).toEqual({
      done: false,
      value: { event: 'JOB_STATUS_CHANGE', data: { id: 'j' }, timestamp: { seconds: 5, microseconds: 6 } },
    });
  });

  test('a wait that is armed before the command gets the event that comes before the answer', async () => {
    const { peer, connection } = await connectedPeer();
    using gone = connection.waitFor('DEVICE_DELETED', ({ data }) => data.device === 'b');
    const call = connection.execute('device_del', { id: 'b' });
    peer.say(deleted('a'), deleted('b'), { return: {}, id: 1 });
    await call;
    expect(await gone.promise).toMatchObject({ data: { device: 'b' } });
  });

  test('a wait that is dropped because its command failed leaves no unhandled rejection', async () => {
    const unhandled = sinon.spy();
    process.on('unhandledRejection', unhandled);
    const { peer, connection } = await connectedPeer();
    connection.waitFor('STOP');
    connection.waitFor('STOP')[Symbol.dispose]();
    peer.hangUp();
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(unhandled.callCount).toBe(0);
  });

  test('a disposed wait rejects whoever still looks at it', async () => {
    const { connection } = await connectedPeer();
    const wait = connection.waitFor('STOP');
    wait[Symbol.dispose]();
    await expect(wait.promise).rejects.toMatchObject({ name: 'QmpError', code: 'qmp-wait-given-up' });
  });

  test('a wait ends with the reason of its signal, before or after it was armed', async () => {
    const { connection } = await connectedPeer();
    const controller = new AbortController();
    const wait = connection.waitFor('STOP', () => true, { signal: controller.signal });
    controller.abort('enough');
    const late = connection.waitFor('STOP', () => true, { signal: controller.signal });
    expect(await Promise.all([outcome(wait.promise), outcome(late.promise)])).toEqual([
      { error: 'enough' },
      { error: 'enough' },
    ]);
  });

  test('what a match function throws rejects its wait', async () => {
    const { peer, connection } = await connectedPeer();
    const wait = connection.waitFor('STOP', () => {
      throw new Error('mine');
    });
    peer.say({ event: 'STOP' });
    await expect(wait.promise).rejects.toThrow('mine');
  });
});
