import sinon from 'sinon';
import { describe, expect, test } from 'vitest';
import type { JsonObject, ParsedLine } from '../../../../src/qmp/protocol/message.js';
import { type Effect, Session } from '../../../../src/qmp/protocol/session.js';
import { GREETING } from '../fake-peer.js';

const line = (message: JsonObject): ParsedLine => ({ message, received: JSON.stringify(message) });
const FAULT: ParsedLine = { fault: { fault: 'not-json', received: 'login:' } };

/** The phases and effects of a session that is told these messages. */
function tell(session: Session, messages: readonly ParsedLine[]) {
  const phases: string[] = [session.phase];
  const effects: Effect[] = [];
  for (const message of messages) {
    effects.push(...session.received(message));
    phases.push(session.phase);
  }
  return { session, phases, effects };
}

function running(): Session {
  return tell(new Session(false), [line(GREETING), line({ return: {}, id: 0 })]).session;
}

/** A session with `count` commands in flight, ids 1 … count. */
function withCalls(count: number): Session {
  const session = running();
  for (let i = 0; i < count; i++) session.issue('query-status', undefined, false);
  return session;
}

describe('handshake', () => {
  test('greeting and answer lead to running, with the negotiation sent between', () => {
    const { phases, effects } = tell(new Session(false), [line(GREETING), line({ return: {}, id: 0 })]);
    expect(phases).toEqual(['greeting', 'negotiating', 'running']);
    expect(effects).toEqual([
      { effect: 'send', message: { execute: 'qmp_capabilities', id: 0 } },
      {
        effect: 'ready',
        oob: false,
        greeting: expect.objectContaining({ version: { major: 7, minor: 2, micro: 22 } }),
      },
    ]);
  });

  test('out-of-band is enabled when it is wanted and offered', () => {
    const { effects } = tell(new Session(true), [line(GREETING), line({ return: {}, id: 0 })]);
    expect(effects).toMatchObject([{ message: { arguments: { enable: ['oob'] } } }, { effect: 'ready', oob: true }]);
  });

  test('a turn is waited for when it is wanted and a share offers it', () => {
    const offers = { QMP: { ...GREETING.QMP, capabilities: ['qplug-turn'] } };
    const waiting = tell(new Session(false, true), [line(offers)]);
    expect(waiting.effects).toMatchObject([{ message: { arguments: { enable: ['qplug-turn'] } } }]);
    expect(waiting.session.waitsForTurn).toBe(true);
    expect(tell(new Session(false, true), [line(GREETING)]).session.waitsForTurn).toBe(false);
    expect(tell(new Session(false), [line(offers)]).session.waitsForTurn).toBe(false);
  });

  test('out-of-band is not asked for when it is not offered', () => {
    const without = { QMP: { ...GREETING.QMP, capabilities: [] } };
    const { effects } = tell(new Session(true), [line(without), line({ return: {}, id: 0 })]);
    expect(effects).toMatchObject([{ message: { execute: 'qmp_capabilities', id: 0 } }, { oob: false }]);
  });

  test.each([
    ['text', FAULT],
    ['another JSON protocol', line({ jsonrpc: '2.0' })],
    ['an answer', line({ return: {} })],
    ['an error', line({ error: { class: 'GenericError', desc: 'no' } })],
  ])('%s instead of a greeting closes it as not QMP', (_name, first) => {
    const { phases, effects } = tell(new Session(false), [first]);
    expect(phases).toEqual(['greeting', 'closed']);
    expect(effects).toEqual([{ effect: 'not-qmp', received: expect.any(String) }]);
  });

  test("a refused negotiation closes it with QEMU's words", () => {
    const error = { class: 'GenericError', desc: 'no' };
    const { phases, effects } = tell(new Session(false), [line(GREETING), line({ error, id: 0 })]);
    expect(phases).toEqual(['greeting', 'negotiating', 'closed']);
    expect(effects.at(-1)).toEqual({ effect: 'capabilities-refused', error });
  });

  test('an end before running says so', () => {
    expect(new Session(false).end({ end: 'eof' })).toEqual([
      { effect: 'closed', end: { end: 'eof' }, shutdown: undefined, running: false },
    ]);
  });
});

describe('running', () => {
  test('commands get ids one after the other', () => {
    expect(running().issue('quit', undefined, false)).toMatchObject({ id: 1, message: { execute: 'quit', id: 1 } });
    expect(withCalls(3).issue('device_del', { id: 'x' }, true)).toMatchObject({
      id: 4,
      message: { 'exec-oob': 'device_del', arguments: { id: 'x' }, id: 4 },
    });
  });

  test('answers are matched by id in any order', () => {
    const { effects } = tell(withCalls(3), [
      line({ return: 'c', id: 3 }),
      line({ return: 'a', id: 1 }),
      line({ error: { class: 'E', desc: 'b' }, id: 2 }),
    ]);
    expect(effects).toEqual([
      { effect: 'reply', id: 3, outcome: { value: 'c' } },
      { effect: 'reply', id: 1, outcome: { value: 'a' } },
      { effect: 'reply', id: 2, outcome: { error: { class: 'E', desc: 'b' } } },
    ]);
  });

  test.each([
    [{ return: {}, id: 9 }, '9'],
    [{ return: {} }, 'none'],
    [{ return: {}, id: 'x' }, 'x'],
    [{ return: 1, id: [1] }, 'object'],
  ])('%j is reported as an unknown reply and changes nothing', (message, id) => {
    const { session, effects } = tell(withCalls(1), [line(message)]);
    expect(session.inFlight).toBe(1);
    expect(effects).toMatchObject([
      { effect: 'report', finding: { code: 'qmp-unknown-reply', severity: 'warning', evidence: { id } } },
    ]);
  });

  test('a second answer to one command is reported', () => {
    const twice = [line({ return: 1, id: 1 }), line({ return: 2, id: 1 })];
    expect(tell(withCalls(1), twice).effects).toMatchObject([{ effect: 'reply' }, { effect: 'report' }]);
  });

  test('an error without id is the answer to the oldest in-band command', () => {
    const session = running();
    session.issue('migrate-pause', undefined, true);
    session.issue('qom-set', {}, false);
    const error = { class: 'GenericError', desc: 'JSON parse error' };
    expect(tell(session, [line({ error })]).effects).toEqual([{ effect: 'reply', id: 2, outcome: { error } }]);
  });

  test('an error without id while nothing is in flight is reported', () => {
    const stray = line({ error: { class: 'GenericError', desc: 'x' } });
    expect(tell(running(), [stray]).effects).toMatchObject([{ finding: { code: 'qmp-unknown-reply' } }]);
  });

  test('a message of no known form and a second greeting are reported', () => {
    expect(tell(running(), [line({ hello: 1 }), line(GREETING)]).effects).toMatchObject([
      { finding: { code: 'qmp-unknown-message', evidence: { received: '{"hello":1}' } } },
      { finding: { code: 'qmp-unknown-message' } },
    ]);
  });

  test('events pass between answers in the order of the stream', () => {
    const { effects } = tell(withCalls(1), [
      line({ event: 'STOP' }),
      line({ return: {}, id: 1 }),
      line({ event: 'RESUME' }),
    ]);
    expect(effects.map((effect) => effect.effect)).toEqual(['event', 'reply', 'event']);
  });

  test('a fault ends it and names the fault', () => {
    const { phases, effects } = tell(withCalls(2), [FAULT]);
    expect(phases).toEqual(['running', 'closed']);
    expect(effects).toMatchObject([
      { effect: 'closed', running: true, end: { end: 'fault', fault: { received: 'login:' } } },
    ]);
  });

  test('a command that could not be sent is waited for no more', () => {
    const session = withCalls(1);
    session.withdraw(session.issue('x', {}, false).id);
    expect(session.inFlight).toBe(1);
  });

  test.each([
    [{ error: 5 }, { member: '/error', expected: 'an object', received: '5' }],
    [{ error: { desc: 'x' } }, { member: '/error/class', expected: 'a text', received: 'nothing' }],
    [{ error: { class: 'E', desc: [] } }, { member: '/error/desc', expected: 'a text', received: 'an array of 0' }],
  ])('%j is the answer to its command, and no error as QEMU has them', (message, wrong) => {
    expect(tell(withCalls(1), [line({ ...message, id: 1 })]).effects).toEqual([
      { effect: 'reply', id: 1, outcome: { wrong } },
    ]);
  });

  /** How often something is put into a set or a map while a session has `count` calls: a copy puts in all that there is. */
  function work(count: number, one: (session: Session) => void): number {
    const session = running();
    const adds = sinon.spy(Set.prototype, 'add');
    const sets = sinon.spy(Map.prototype, 'set');
    try {
      for (let i = 0; i < count; i++) one(session);
      return adds.callCount + sets.callCount;
    } finally {
      adds.restore();
      sets.restore();
    }
  }

  test.each([
    ['answered one by one', (session: Session) => answer(session, session.issue('x', undefined, false).id)],
    ['all in flight', (session: Session) => session.issue('x', undefined, false)],
  ] as const)('the 16,000th call costs as much as the first: %s', (_, one) => {
    expect(work(16_000, one)).toBe(16_000 * work(1, one));
  });

  function answer(session: Session, id: number): void {
    expect(session.received(line({ return: {}, id }))).toHaveLength(1);
  }
});

describe('the end', () => {
  const SHUTDOWN = line({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } });

  test('after SHUTDOWN it carries the reason', () => {
    const { session } = tell(running(), [SHUTDOWN]);
    expect(session.end({ end: 'eof' })).toMatchObject([{ shutdown: { cause: 'guest-shutdown', guest: true } }]);
  });

  test.each(['RESET', 'RESUME'])('after SHUTDOWN and %s the VM is back, so it carries none', (event) => {
    const { session } = tell(running(), [SHUTDOWN, line({ event })]);
    expect(session.end({ end: 'eof' })).toMatchObject([{ shutdown: undefined }]);
  });

  test('a closed session has no more effects', () => {
    const session = withCalls(1);
    session.end({ end: 'by-us' });
    expect(session.end({ end: 'eof' })).toEqual([]);
    expect(tell(session, [line({ return: {}, id: 1 }), FAULT]).effects).toEqual([]);
  });
});
