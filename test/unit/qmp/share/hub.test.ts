import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClientId,
  CommandSplitter,
  SHARE_LIMITS,
  ShareHub,
  type ShareLimits,
} from '../../../../src/qmp/share/index.js';
import { runs } from '../../runs.js';

const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}';
const NEGOTIATE = '{"execute":"qmp_capabilities"}';
const TURN = '{"execute":"qmp_capabilities","arguments":{"enable":["qplug-turn"]}}';

/** A hub with what it did: lines for each client, and the commands that QEMU got. */
class Desk {
  readonly hub: ShareHub;
  readonly got = new Map<ClientId, string[]>();
  readonly qemu: { text: string; id: number }[] = [];
  readonly done: string[] = [];
  /** Clients that read nothing. */
  readonly deaf = new Set<ClientId>();
  readonly #splitters = new Map<ClientId, CommandSplitter>();
  readonly #limits: ShareLimits;

  constructor(limits: Partial<ShareLimits> = {}) {
    this.#limits = { ...SHARE_LIMITS, ...limits };
    this.hub = new ShareHub(GREETING, this.#limits);
  }

  join(...ids: ClientId[]): void {
    for (const id of ids) {
      this.got.set(id, []);
      this.#splitters.set(id, new CommandSplitter(this.#limits.messageBytes));
      this.#do(this.hub.joined(id));
    }
  }

  /** Joins, and negotiates. */
  ready(...ids: ClientId[]): void {
    this.join(...ids);
    for (const id of ids) {
      this.say(id, NEGOTIATE);
      this.got.get(id)?.splice(0);
    }
  }

  say(id: ClientId, ...texts: string[]): void {
    const frames = texts.flatMap((text) => this.#splitters.get(id)?.push(new TextEncoder().encode(text)) ?? []);
    this.#do(this.hub.received(id, frames));
  }

  leave(id: ClientId): void {
    this.#do(this.hub.left(id));
  }

  /** QEMU says a line. */
  hear(line: string): void {
    this.#do(this.hub.fromQemu(line, JSON.parse(line)));
  }

  /** QEMU answers the oldest command. @returns the command */
  answer(value = '{}'): string | undefined {
    const next = this.qemu.shift();
    if (next !== undefined) this.hear(`{"return": ${value}, "id": ${next.id}}`);
    return next?.text;
  }

  of(id: ClientId): string[] {
    return this.got.get(id)?.splice(0) ?? [];
  }

  #do(effects: ReturnType<ShareHub['joined']>): void {
    for (const effect of effects) {
      if (effect.effect === 'to-qemu') {
        const { id, ...command } = JSON.parse(effect.text) as { id: number };
        expect(effect.text.endsWith('\n')).toBe(true);
        this.qemu.push({ text: JSON.stringify(command), id });
      } else if (effect.effect === 'to-client') {
        expect(effect.text.endsWith('\r\n')).toBe(true);
        this.got.get(effect.client)?.push(effect.text.trim());
        if (!this.deaf.has(effect.client)) this.#do(this.hub.taken(effect.client, effect.bytes));
      } else this.done.push(`${effect.effect} ${effect.client}`);
    }
  }
}

describe('the handshake is that of a QEMU', () => {
  test('the greeting has QEMU’s version as it is, and no oob', () => {
    const desk = new Desk();
    desk.join(1);
    expect(desk.of(1)).toEqual([GREETING.replace('"oob"', '"qplug-turn"')]);
  });

  test.each([
    [
      '{"execute":"query-status","id":[1.0]}',
      'CommandNotFound',
      "Expecting capabilities negotiation with 'qmp_capabilities'",
      ', "id": [1.0]',
    ],
    ['{"id":3}', 'GenericError', "QMP input lacks member 'execute'", ', "id": 3'],
    ['{"execute":3}', 'GenericError', "QMP input member 'execute' must be a string", ''],
    [
      '{"execute":"qmp_capabilities","arguments":[]}',
      'GenericError',
      "QMP input member 'arguments' must be an object",
      '',
    ],
    ['{"execute":"qmp_capabilities","arguments":{"x":1}}', 'GenericError', "Parameter 'x' is unexpected", ''],
    [
      '{"execute":"qmp_capabilities","arguments":{"enable":3}}',
      'GenericError',
      "Invalid parameter type for 'enable', expected: array",
      '',
    ],
    [
      '{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}',
      'GenericError',
      'Capability "oob" not available',
      '',
    ],
    ['{"exec-oob":"qmp_capabilities"}', 'GenericError', "QMP input member 'exec-oob' is unexpected", ''],
    ['[1]', 'GenericError', 'QMP input must be a JSON object', ''],
    ['{"id":1,"id":2}', 'GenericError', 'JSON parse error, duplicate key', ''],
    ['nonsense\n', 'GenericError', 'JSON parse error, this is not a JSON object', ''],
    [`{"a":${'['.repeat(1200)}${']'.repeat(1200)}}`, 'GenericError', 'JSON nesting depth limit exceeded', ''],
  ])('%s is refused in QEMU’s words, and the negotiation goes on', (text, kind, desc, id) => {
    const desk = new Desk();
    desk.join(1);
    desk.of(1);
    desk.say(1, text, "{'execute':'qmp_capabilities','id':'x'}");
    const told = `{"error": {"class": "${kind}", "desc": ${JSON.stringify(desc)}}${id}}`;
    expect(desk.of(1)).toEqual([told, '{"return": {}, "id": "x"}']);
    expect(desk.qemu).toEqual([]);
  });

  test('after it everything else goes to QEMU, which refuses a second one itself', () => {
    const desk = new Desk();
    desk.ready(1);
    desk.say(1, NEGOTIATE, '{"exec-oob":"x"}', '{"id":3}');
    expect(desk.qemu.map(({ text }) => text)).toEqual([NEGOTIATE, '{"exec-oob":"x"}', '{}']);
  });
});

describe('answers', () => {
  test('go to who asked, with the id that it gave, whatever it is; other values keep their text', () => {
    const desk = new Desk();
    desk.ready(1, 2, 3);
    for (const id of [1, 2]) desk.say(id, '{"execute":"x","id":18446744073709551615}');
    desk.say(3, '{"execute":"x","arguments":{"n":9223372036854775807}}');
    expect(desk.qemu.map(({ id }) => id)).toEqual([1, 2, 3]);
    desk.answer('1');
    desk.answer('{"big": 9223372036854775807, "f": 1.10}');
    desk.answer('3');
    expect(desk.of(1)).toEqual(['{"return": 1, "id": 18446744073709551615}']);
    expect(desk.of(2)).toEqual(['{"return": {"big": 9223372036854775807, "f": 1.10}, "id": 18446744073709551615}']);
    expect(desk.of(3)).toEqual(['{"return": 3}']);
  });

  test('an argument keeps its digits on its way to QEMU', () => {
    const texts: string[] = [];
    const hub = new ShareHub(GREETING, SHARE_LIMITS);
    hub.joined(1);
    const frame = (text: string) => [{ text, bytes: text.length }];
    hub.received(1, frame(NEGOTIATE));
    for (const effect of hub.received(
      1,
      frame('{"execute":"x","id":1,"arguments":{"n":9223372036854775807,"f":1.10}}'),
    ))
      if (effect.effect === 'to-qemu') texts.push(effect.text);
    expect(texts).toEqual(['{"execute": "x", "arguments": {"n":9223372036854775807,"f":1.10}, "id": 1}\n']);
  });

  test('of an error without an id are for the oldest command, and get none', () => {
    const desk = new Desk();
    desk.ready(1, 2);
    desk.say(1, '{"execute":"x","id":"\\ufffe"}');
    desk.say(2, '{"execute":"y","id":2}');
    desk.hear('{"error": {"class": "GenericError", "desc": "JSON parse error"}}');
    expect(desk.of(1)).toEqual(['{"error": {"class": "GenericError", "desc": "JSON parse error"}}']);
    desk.qemu.shift();
    desk.answer();
    expect(desk.of(2)).toEqual(['{"return": {}, "id": 2}']);
  });

  test('that qplug gives itself stay in order with those of QEMU', () => {
    const desk = new Desk();
    desk.ready(1);
    desk.say(1, '{"execute":"x","id":1}', '{"execute":"getfd","id":2}', 'foo\n', '{"execute":"y","id":3}');
    expect(desk.of(1)).toEqual([]);
    desk.answer();
    desk.answer();
    expect(desk.of(1)).toEqual([
      '{"return": {}, "id": 1}',
      expect.stringMatching(/^\{"error": .*can't pass file descriptors.*, "id": 2\}$/),
      expect.stringContaining('JSON parse error'),
      '{"return": {}, "id": 3}',
    ]);
  });

  test('to a client that has left go nowhere, and what it still wanted is dropped', () => {
    const desk = new Desk({ inFlight: 1 });
    desk.ready(1, 2);
    desk.say(1, '{"execute":"x"}', '{"execute":"quit"}');
    desk.say(2, '{"execute":"y"}');
    desk.leave(1);
    expect([desk.answer(), desk.answer(), desk.answer()]).toEqual(['{"execute":"x"}', '{"execute":"y"}', undefined]);
    expect([desk.of(1), desk.of(2)]).toEqual([[], ['{"return": {}}']]);
  });

  test('that nobody asked for are ignored', () => {
    const desk = new Desk();
    desk.ready(1);
    for (const id of ['77', '"x"', 'null']) desk.hear(`{"return": {}, "id": ${id}}`);
    desk.hear('{"return": {}}');
    desk.hear('{"what": 1}');
    expect(desk.of(1)).toEqual([]);
  });
});

test('events go to all who have negotiated, byte for byte', () => {
  const desk = new Desk();
  desk.ready(1, 2);
  desk.join(3);
  desk.of(3);
  const event =
    '{"timestamp": {"seconds": 9223372036854775807, "microseconds": 1},  "event": "STOP", "data": {"a": 1.0}}';
  desk.hear(event);
  expect([desk.of(1), desk.of(2), desk.of(3)]).toEqual([[event], [event], []]);
});

describe('limits', () => {
  test('a client has so many commands in QEMU, the others have their turn', () => {
    const desk = new Desk({ inFlight: 2 });
    desk.ready(1, 2);
    desk.say(1, ...Array.from({ length: 5 }, (_, n) => `{"execute":"a${n}"}`));
    desk.say(2, '{"execute":"b"}');
    const order = Array.from({ length: 6 }, () => desk.answer());
    expect(order).toEqual(['a0', 'a1', 'b', 'a2', 'a3', 'a4'].map((name) => `{"execute":"${name}"}`));
  });

  test('nothing more is read from a client whose commands wait, until they have gone', () => {
    const desk = new Desk({ inFlight: 1, waiting: 2 });
    desk.ready(1);
    desk.say(1, '{"execute":"a"}', '{"execute":"b"}', '{"execute":"c"}');
    expect(desk.done).toEqual(['pause 1']);
    desk.answer();
    expect(desk.done).toEqual(['pause 1', 'resume 1']);
    const bytes = new Desk({ inFlight: 1, waitingBytes: 100 });
    bytes.ready(1);
    bytes.say(1, '{"execute":"a"}', `{"execute":"b","arguments":{"a":"${'x'.repeat(100)}"}}`);
    expect(bytes.done).toEqual(['pause 1']);
  });

  test('a message that is too large ends the client, after the answers to what it sent before', () => {
    const desk = new Desk({ messageBytes: 100 });
    desk.ready(1);
    desk.say(1, '{"execute":"a","id":1}', `{"execute":"${'x'.repeat(200)}"}`);
    expect(desk.done).toEqual([]);
    desk.answer();
    expect(desk.of(1)).toEqual(['{"return": {}, "id": 1}', expect.stringContaining('size limit exceeded')]);
    expect(desk.done).toEqual(['drop 1']);
  });

  test('a client that reads nothing: its commands wait, then an event too many ends it, and the others see nothing of that', () => {
    const desk = new Desk({ slowBytes: 300, unreadBytes: 1000 });
    desk.ready(1, 2);
    desk.deaf.add(1);
    const event = '{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 1}}';
    for (let n = 0; n < 6; n++) desk.hear(event);
    desk.say(1, '{"execute":"a"}');
    expect(desk.qemu).toEqual([]);
    for (let n = 0; n < 20; n++) desk.hear(event);
    expect(desk.done).toEqual(['drop 1']);
    expect(desk.of(2)).toHaveLength(26);
    desk.say(2, '{"execute":"b"}');
    desk.answer();
    expect(desk.of(2)).toEqual(['{"return": {}}']);
  });
});

describe('a turn', () => {
  test('is for one client at a time, in the order in which they asked; others go on beside it', () => {
    const desk = new Desk();
    desk.join(1, 2, 3, 4);
    for (const id of [1, 2, 3]) desk.say(id, TURN, `{"execute":"a${id}"}`);
    desk.say(4, NEGOTIATE, '{"execute":"b"}');
    expect(desk.qemu.map(({ text }) => text)).toEqual(['{"execute":"a1"}', '{"execute":"b"}']);
    desk.leave(1);
    expect(desk.qemu.at(-1)?.text).toBe('{"execute":"a2"}');
    desk.leave(3);
    desk.leave(2);
    desk.join(5);
    desk.say(5, TURN);
    expect(desk.of(5).at(-1)).toBe('{"return": {}}');
  });

  test('of a client that is dropped is free again', () => {
    const desk = new Desk({ messageBytes: 100 });
    desk.join(1, 2);
    desk.say(1, TURN);
    desk.say(2, TURN);
    desk.of(2);
    desk.say(1, `{"execute":"${'x'.repeat(200)}"}`);
    expect(desk.of(2)).toEqual(['{"return": {}}']);
  });
});

test('whatever clients do in whatever order, each gets its own answers, once, in its own order', () => {
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), client: fc.nat(4), id: fc.jsonValue() }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('event' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refused' as const), client: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), client: fc.nat(4) }) },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const desk = new Desk({ inFlight: 2, waiting: 4 });
      desk.ready(0, 1, 2, 3, 4);
      const wanted = new Map<ClientId, string[]>([0, 1, 2, 3, 4].map((id) => [id, []]));
      const gone = new Set<ClientId>();
      let count = 0;
      for (const one of acts) {
        if (one.do === 'answer') desk.answer(JSON.stringify(JSON.parse(desk.qemu[0]?.text ?? '{}').execute ?? ''));
        else if (one.do === 'event') desk.hear('{"event": "STOP"}');
        else if (one.do === 'leave') {
          gone.add(one.client);
          desk.leave(one.client);
        } else if (gone.has(one.client)) continue;
        else if (one.do === 'refused') {
          desk.say(one.client, '{"execute":"add-fd"}');
          wanted.get(one.client)?.push('refused');
        } else {
          const name = `c${count++}`;
          desk.say(one.client, JSON.stringify({ execute: name, id: one.id }));
          wanted.get(one.client)?.push(JSON.stringify({ return: name, id: one.id }));
        }
      }
      while (desk.qemu.length > 0) desk.answer(JSON.stringify(JSON.parse(desk.qemu[0]?.text ?? '{}').execute));
      for (const [id, all] of wanted) {
        const got = desk
          .of(id)
          .filter((line) => !line.includes('"event"') || line.includes('"return"'))
          .map((line) => (line.includes("can't pass file descriptors") ? 'refused' : JSON.stringify(JSON.parse(line))));
        expect(got).toEqual(gone.has(id) ? all.slice(0, got.length) : all);
      }
      expect(desk.hub.inQemu).toBe(0);
    }),
    { numRuns: runs(300) },
  );
});
