import { describe, expect, test } from 'vitest';
import {
  alongside,
  type Capabilities,
  mayHave,
  nearestController,
  type QemuVersion,
  type QueryCommand,
  type QueryReply,
  type Reading,
  readCapabilities,
} from '../../../src/qdev/index.js';

const V72 = { major: 7, minor: 2, micro: 0 };
const V62 = { major: 6, minor: 2, micro: 0 };

const missing: QueryReply = { error: { class: 'DeviceNotFound', desc: 'no' } };
const xhci: QueryReply = { ok: [{ name: 'p2', type: 'uint32', 'default-value': 4 }, { name: 'host' }, 'odd', {}] };

/** Runs a reading against a made-up QEMU. @returns its result, and each batch that was sent */
function take<T>(reading: Reading<T>, answer: (query: QueryCommand) => QueryReply) {
  const batches: (readonly QueryCommand[])[] = [];
  let step = reading.next();
  while (step.done !== true) {
    batches.push(step.value);
    step = reading.next(step.value.map(answer));
  }
  return { value: step.value, batches };
}

const schema = (features: string[]): QueryReply => ({
  ok: [{ name: 'other' }, { name: 'device_add', 'meta-type': 'command', features }],
});

function ask(version: QemuVersion, models: string[], answer: (type: string) => QueryReply, ofSchema = schema([])) {
  return take(readCapabilities(version, models), ({ command, arguments: args }) =>
    command === 'query-qmp-schema' ? ofSchema : answer(String(args?.['typename'])),
  );
}

describe('what a QEMU says of itself', () => {
  test('models that are there, with defaults; that are not; and those of which nothing is known', () => {
    const answer = (type: string) =>
      type === 'qemu-xhci' ? xhci : type === 'gone' ? missing : { error: { class: 'GenericError', desc: 'abstract' } };
    const { value, batches } = ask(V72, ['qemu-xhci', 'gone', 'odd', 'gone'], answer);
    expect(batches).toHaveLength(1);
    expect(batches[0]).toHaveLength(3);
    expect(value.models.get('qemu-xhci')).toEqual(
      new Map([
        ['p2', 4],
        ['host', undefined],
      ]),
    );
    expect(['qemu-xhci', 'gone', 'odd', 'never-asked'].map((type) => mayHave(value, type))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(mayHave(undefined, 'gone')).toBe(true);
  });

  test('the schema is large, and asked for only where its answer decides', () => {
    expect(ask(V72, [], () => missing).batches).toEqual([]);
    expect(ask({ ...V62, minor: 1 }, [], () => missing).batches).toEqual([]);
    const { value, batches } = ask(V62, [], () => missing, schema(['json-cli', 'json-cli-hotplug']));
    expect(batches).toEqual([[{ command: 'query-qmp-schema' }]]);
    expect(value.deviceAdd).toEqual(new Set(['json-cli', 'json-cli-hotplug']));
    expect(
      ask(V62, [], () => missing, { ok: [{ name: 'device_add', 'meta-type': 'command' }] }).value.deviceAdd,
    ).toEqual(new Set());
    expect(ask(V62, [], () => missing, missing).value.deviceAdd).toBeUndefined();
  });

  test('only where a controller is missing is it asked for others', () => {
    const { value, batches } = ask(V72, ['qemu-xhci', 'usb-host'], (type) => (type === 'qemu-xhci' ? missing : xhci));
    expect(batches).toHaveLength(2);
    expect(nearestController(value, 'qemu-xhci')).toBe('nec-usb-xhci');
    expect(ask(V72, ['qemu-xhci', 'usb-host'], (type) => (type === 'usb-host' ? missing : xhci)).batches).toHaveLength(
      1,
    );
  });

  test('its machines, by name and by alias', () => {
    const list = { ok: [{ name: 'pc-q35-7.2', alias: 'q35' }, { name: 'none' }, null] };
    const { value } = take(readCapabilities(V62, ['x'], { machines: true }), ({ command }) =>
      command === 'query-machines' ? list : command === 'query-qmp-schema' ? schema(['a']) : xhci,
    );
    expect(value.machines).toEqual(new Set(['pc-q35-7.2', 'q35', 'none']));
    expect(value.deviceAdd).toEqual(new Set(['a']));
  });

  test('its sandbox, by what that can deny; a build without one says so by not knowing the option', () => {
    const known = (reply: QueryReply) =>
      take(readCapabilities(V62, ['x'], { machines: true, sandbox: true }), ({ command }) => {
        if (command === 'query-command-line-options') return reply;
        return command === 'query-qmp-schema' ? schema(['a']) : command === 'query-machines' ? { ok: [] } : xhci;
      }).value.sandbox;
    const parameters = [{ name: 'enable' }, { name: 'spawn' }, null];
    expect(known({ ok: [{ option: 'sandbox', parameters }] })).toEqual(new Set(['enable', 'spawn']));
    expect(known({ error: { class: 'GenericError', desc: 'invalid option name: sandbox' } })).toEqual(new Set());
    expect(known({ ok: 'nonsense' })).toBeUndefined();
    expect(take(readCapabilities(V72, ['x']), () => xhci).value.sandbox).toBeUndefined();
  });

  test.each([
    ['piix3-usb-uhci', ['pci-ohci', 'qemu-xhci'], 'pci-ohci'],
    ['piix3-usb-uhci', ['qemu-xhci', 'usb-ehci'], 'usb-ehci'],
    ['nec-usb-xhci', ['usb-ehci', 'qemu-xhci'], 'qemu-xhci'],
    ['qemu-xhci', ['piix3-usb-uhci', 'usb-ehci'], 'usb-ehci'],
    ['qemu-xhci', [], undefined],
    ['usb-tablet', ['qemu-xhci'], undefined],
  ])('in place of %s, of %j, %s comes nearest', (model, there, expected) => {
    const models = new Map([...there.map((one) => [one, new Map()] as const), [model, undefined] as const]);
    const capabilities: Capabilities = { version: V72, models, deviceAdd: undefined, machines: undefined };
    expect(nearestController(capabilities, model)).toBe(expected);
  });
});

test('two readings side by side take as many batches as the longer, and each gets its own answers', () => {
  function* reading(name: string, sizes: number[]): Reading<unknown[]> {
    const all: unknown[] = [];
    for (const [step, size] of sizes.entries()) {
      const questions = Array.from({ length: size }, (_, i) => ({ command: `${name}${step}.${i}` }));
      all.push(...(yield questions).map((reply) => ('ok' in reply ? reply.ok : undefined)));
    }
    return all;
  }
  const echo = ({ command }: QueryCommand): QueryReply => ({ ok: command });
  for (const [a, b] of [
    [[2, 1, 3], [1]],
    [[], [2, 2]],
    [[], []],
  ] as const) {
    const both = take(alongside(reading('a', [...a]), reading('b', [...b])), echo);
    expect(both.batches).toHaveLength(Math.max(a.length, b.length));
    expect(both.value).toEqual([take(reading('a', [...a]), echo).value, take(reading('b', [...b]), echo).value]);
  }
});
