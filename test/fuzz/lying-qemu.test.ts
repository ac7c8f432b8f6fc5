import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderTopology } from '../../src/cli/render/topology.js';
import { QplugError } from '../../src/diag/index.js';
import { plan } from '../../src/planner/index.js';
import { LIMITS } from '../../src/qdev/observe/limits.js';
import { connectOver } from '../../src/qmp/connection/connect.js';
import { QmpError } from '../../src/qmp/index.js';
import schema from '../../src/qmp/replies.schema.json' with { type: 'json' };
import { readTopology } from '../../src/vm/observe/read-topology.js';
import { type Answer, lyingTransport } from '../lying-qemu.js';
import { plainTerminal } from '../plain-terminal.js';
import { ADDRESS, connectedPeer, outcome } from '../unit/qmp/fake-peer.js';
import { runs } from '../unit/runs.js';

/** Values as JSON has them, those among them on which JavaScript stumbles. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(null, -1, 1e308, 7.5, '', [], {}, [null], [[]], true),
  fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'name', 'type', 'status', 'length'), fc.jsonValue()),
  fc.array(
    fc.record({ name: fc.string(), type: fc.constantFrom('child<usb-bus>', 'child<qemu-xhci>', 'link<usb-hub>') }),
  ),
);

/** Every command of which qplug says what it returns. */
const COMMANDS = Object.keys(schema.properties.command.properties);

describe('answers of any kind', () => {
  test.each(COMMANDS)('to %s are what they should be, or are refused with the member named', async (command) => {
    await fc.assert(
      fc.asyncProperty(value, async (said) => {
        const { peer, connection } = await connectedPeer();
        const call = outcome(connection.execute(command as 'query-status'));
        const text = JSON.stringify({ return: said, id: 1 });
        peer.sayText(`${text}\n`);
        peer.hangUp();
        const end = await call;
        if ('value' in end) expect(JSON.stringify({ return: end.value, id: 1 })).toBe(text);
        else
          expect(end.error).toMatchObject({ name: 'QmpProtocolError', code: 'qmp-wrong-reply', kind: 'unreachable' });
      }),
      { numRuns: runs(60) },
    );
  });

  test('events of any kind do no harm, and who waits for one is told', async () => {
    const name = fc.constantFrom('DEVICE_DELETED', 'SHUTDOWN', 'RESET', 'STOP', 'BLOCK_JOB_COMPLETED');
    await fc.assert(
      fc.asyncProperty(name, value, async (event, data) => {
        const { peer, connection } = await connectedPeer();
        const wait = outcome(connection.waitFor(event).promise);
        peer.say({ event, data });
        peer.hangUp();
        const end = await wait;
        expect('value' in end || end.error instanceof QmpError).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });
});

/** What a lying VM shows: any number of controllers, devices wherever it likes, and a list that need not fit. */
interface Lies {
  readonly controllers: number;
  readonly devices: number;
  readonly p2: unknown;
  readonly hubPorts: unknown;
  readonly driver: string;
  readonly ports: readonly string[];
  readonly listed: readonly string[];
  readonly depth: number;
}

const often = <T>(usual: fc.Arbitrary<T>, ...rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...rare) });
const port = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }).map((one) => one.join('.'));
const lies: fc.Arbitrary<Lies> = fc.record({
  controllers: often(fc.nat(4), LIMITS.controllers, LIMITS.controllers + 1),
  devices: often(fc.nat(30), LIMITS.devices, LIMITS.devices + 1),
  p2: often<unknown>(fc.nat(15), 255, 256, -1, 1e9, '4', null, 1.5),
  hubPorts: often<unknown>(fc.nat(8), 255, 256, -1, 1e9, '4', null),
  driver: fc.constantFrom('usb-hub', 'usb-host', 'usb-tablet', '__proto__'),
  ports: fc.array(often(port, '1.'.repeat(40) + '1', '', 'x', '0', '1'.repeat(3000)), { minLength: 1, maxLength: 12 }),
  listed: fc.array(often(port, '1.'.repeat(40) + '1'), { maxLength: 30 }),
  depth: often(fc.nat(3), LIMITS.levels + 1),
});

function liar({ controllers, devices, p2, hubPorts, driver, ports, listed, depth }: Lies): Answer {
  const names = Array.from({ length: controllers }, (_, i) => ({ name: `c${i}`, type: 'child<qemu-xhci>' }));
  const text = listed
    .map((one, i) => `  Device ${i % 3}.0, Port ${one}, Speed 12 Mb/s, Product a, ID: d${i}\n`)
    .join('');
  const onBus = (c: number): number =>
    controllers === 0 ? 0 : Math.floor(devices / controllers) + (c === 0 ? devices % controllers : 0);
  const list = (path: string): object[] => {
    if (path === '/machine/peripheral') return names;
    if (/^\/machine\/unattached(\/x)*$/.test(path) && path.split('/x').length <= depth)
      return [{ name: 'x', type: 'child<thing>' }];
    const bus = /^\/machine\/peripheral\/c(\d+)(\/usb)?$/.exec(path);
    if (bus === null) return [];
    if (bus[2] === undefined) return [{ name: 'usb', type: 'child<usb-bus>' }];
    return Array.from({ length: onBus(Number(bus[1])) }, (_, i) => ({ name: `child[${i}]`, type: `link<${driver}>` }));
  };
  const get = (path: string, property: string): unknown => {
    const [, index = '0'] = /\[(\d+)\]$/.exec(property.startsWith('child') ? property : path) ?? [];
    const found: Readonly<Record<string, unknown>> = {
      p2,
      p3: 4,
      ports: hubPorts,
      attached: true,
      port: ports[Number(index) % ports.length],
      hostbus: 1,
      hostaddr: 3,
    };
    return property.startsWith('child[')
      ? `/machine/peripheral/d${index}`
      : Object.hasOwn(found, property)
        ? found[property]
        : '';
  };
  return ({ command, args }) => {
    if (command === 'qom-list') return { return: list(String(args['path'])) };
    if (command === 'qom-get') return { return: get(String(args['path']), String(args['property'])) };
    if (command === 'x-query-usb') return { return: { 'human-readable-text': text } };
    return { return: command === 'human-monitor-command' ? text : {} };
  };
}

describe('a VM that lies', () => {
  const disk = { key: 'k', label: 'k', mask: 15, native: 'super', mandatory: true, slower: 'allow' } as const;
  const { signal } = new AbortController();
  const terminal = {
    ...plainTerminal(
      () => undefined,
      () => undefined,
    ),
    columns: 80,
  };

  test('is read, planned for and shown, or refused for what it told', async () => {
    await fc.assert(
      fc.asyncProperty(lies, async (told) => {
        await using qmp = await connectOver(lyingTransport(liar(told)), ADDRESS);
        const read = await outcome(readTopology(qmp, signal));
        if ('error' in read) {
          expect(read.error).toBeInstanceOf(QplugError);
          expect(['qemu-tree-too-large', 'qmp-wrong-reply']).toContain((read.error as QplugError).code);
          return;
        }
        const topology = read.value as Awaited<ReturnType<typeof readTopology>>;
        expect(topology.controllers.length).toBe(told.controllers);
        plan({ topology, growth: { hubs: true, controllers: [] }, devices: [disk] });
        const text = renderTopology(
          topology,
          { describe: ({ driver: name }) => ({ name, state: 'there' }), kept: { reserved: [], kept: [] } },
          terminal,
        );
        expect(text.length).toBeGreaterThan(0);
      }),
      { numRuns: runs(60) },
    );
  });
});
