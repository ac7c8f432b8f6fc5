import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Finding, QplugError } from '../../../../src/diag/index.js';
import {
  emptyTopology,
  observeTopology,
  type QemuVersion,
  type QueryCommand,
  type QueryReply,
  type Topology,
} from '../../../../src/qdev/index.js';
import { LIMITS } from '../../../../src/qdev/observe/limits.js';
import { runs } from '../../runs.js';

const V72 = { major: 7, minor: 2, micro: 22 };
const V52 = { major: 5, minor: 2, micro: 0 };

type Values = Readonly<Record<string, unknown>>;

/** A VM as its answers: objects with their properties; `child<…>` and `link<…>` are types, all else values. */
const VM: Readonly<Record<string, Values>> = {
  '/machine': { unattached: 'child<container>', peripheral: 'child<container>', 'peripheral-anon': 'child<container>' },
  '/machine/peripheral': { x: 'child<qemu-xhci>', h: 'child<usb-hub>', d: 'child<usb-host>' },
  '/machine/peripheral-anon': { 'device[0]': 'child<usb-kbd>' },
  '/machine/unattached': { 'device[7]': 'child<future-usb-controller>', 'ram[0]': 'child<memory-region>' },
  '/machine/unattached/device[7]': { 'usb-bus.0': 'child<usb-bus>' },
  '/machine/unattached/device[7]/usb-bus.0': {},
  '/machine/peripheral/x': { p2: 2, p3: 1, 'x.0': 'child<usb-bus>', 'xhci-core': 'child<base-xhci>' },
  '/machine/peripheral/x/xhci-core': {},
  '/machine/peripheral/x/x.0': {
    'child[10]': 'link<usb-kbd>',
    'child[2]': 'link<usb-host>',
    'child[0]': 'link<usb-hub>',
  },
};
const LINKS: Readonly<Record<string, string>> = {
  '/machine/peripheral/x/x.0/child[0]': '/machine/peripheral/h',
  '/machine/peripheral/x/x.0/child[2]': '/machine/peripheral/d',
  '/machine/peripheral/x/x.0/child[10]': '/machine/peripheral-anon/device[0]',
};
const DEVICES: Readonly<Record<string, Values>> = {
  '/machine/peripheral/h': { port: '1', attached: true, ports: 3 },
  '/machine/peripheral/d': {
    port: '2',
    attached: true,
    hostbus: 1,
    hostaddr: 5,
    hostport: '',
    vendorid: 0,
    productid: 0,
    hostdevice: '',
  },
  '/machine/peripheral-anon/device[0]': { port: '', attached: true },
};
const INFO_USB = [
  '  Device 0.1, Port 1, Speed 12 Mb/s, Product QEMU USB Hub, ID: h',
  '  Device 0.2, Port 2, Speed 480 Mb/s, Product Disk, ID: d',
  '  Device 0.3, Port 1.2, Speed 12 Mb/s, Product QEMU USB Keyboard',
  '',
].join('\n');

const gone: QueryReply = { error: { class: 'DeviceNotFound', desc: 'gone' } };

function target(args: QueryCommand['arguments']): { path: string; property: string } {
  return { path: '', property: '', ...args };
}

function answer({ command, arguments: args }: QueryCommand): QueryReply {
  const { path, property } = target(args);
  if (command === 'x-query-usb') return { ok: { 'human-readable-text': INFO_USB } };
  if (command === 'human-monitor-command') return { ok: INFO_USB.replaceAll('\n', '\r\n') };
  if (command === 'qom-list') {
    const object = VM[path];
    const type = (value: unknown) => (typeof value === 'string' && value.endsWith('>') ? value : 'str');
    return object === undefined
      ? gone
      : { ok: Object.entries(object).map(([name, value]) => ({ name, type: type(value) })) };
  }
  const link = LINKS[`${path}/${property}`];
  if (link !== undefined) return { ok: link };
  const value = { ...VM[path], ...DEVICES[LINKS[path] ?? path] }[property];
  return value === undefined ? gone : { ok: value };
}

function observe(
  reply: (query: QueryCommand, n: number) => QueryReply,
  version: QemuVersion = V72,
): { topology: Topology; asked: QueryCommand[] } {
  const asked: QueryCommand[] = [];
  const reading = observeTopology(version);
  let step = reading.next();
  while (step.done !== true) {
    const replies = step.value.map((query) => reply(query, asked.push(query)));
    step = reading.next(replies);
  }
  return { topology: step.value, asked };
}

/** @returns the finding of what is thrown */
function found(work: () => unknown): Finding {
  try {
    work();
  } catch (error) {
    if (error instanceof QplugError) return error.findings[0];
    throw error;
  }
  throw new Error('nothing was found');
}

function topologyOrFinding(work: () => Topology): Topology {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    expect(['qmp-wrong-reply', 'qemu-tree-too-large']).toContain(error.code);
    return emptyTopology(V72);
  }
}

describe('observeTopology', () => {
  test('everything that QEMU tells is put together', () => {
    const { topology } = observe(answer);
    expect(
      topology.controllers.map(({ bus, id, known, ports }) => [bus, id, known, ports.map(({ mask }) => mask)]),
    ).toEqual([
      ['usb-bus.0', undefined, false, []],
      ['x.0', 'x', true, [15, 7]],
    ]);
    expect(topology.controllers[1]?.devices).toEqual([
      {
        id: 'h',
        qomPath: '/machine/peripheral/h',
        driver: 'usb-hub',
        port: '1',
        attached: true,
        megabits: 12,
        guestAddress: 1,
        hubPorts: 3,
        host: undefined,
        product: 'QEMU USB Hub',
        automatic: false,
      },
      {
        id: 'd',
        qomPath: '/machine/peripheral/d',
        driver: 'usb-host',
        port: '2',
        attached: true,
        megabits: 480,
        guestAddress: 2,
        hubPorts: undefined,
        host: { bus: 1, address: 5 },
        product: 'Disk',
        automatic: false,
      },
      {
        id: undefined,
        qomPath: '/machine/peripheral-anon/device[0]',
        driver: 'usb-kbd',
        port: '1.2',
        attached: true,
        megabits: 12,
        guestAddress: 3,
        hubPorts: undefined,
        host: undefined,
        product: 'QEMU USB Keyboard',
        automatic: false,
      },
    ]);
    expect([...topology.ids]).toEqual(['x', 'h', 'd']);
  });

  test('before 6.2 the list comes from the monitor, with its own line ends', () => {
    const old = (query: QueryCommand): QueryReply =>
      query.command === 'x-query-usb' ? { error: { class: 'CommandNotFound', desc: '' } } : answer(query);
    const { topology, asked } = observe(old, V52);
    expect(asked.at(-1)).toEqual({ command: 'human-monitor-command', arguments: { 'command-line': 'info usb' } });
    expect(topology.controllers[1]?.devices.map(({ port, product }) => [port, product])).toEqual([
      ['1', 'QEMU USB Hub'],
      ['2', 'Disk'],
      ['1.2', 'QEMU USB Keyboard'],
    ]);
  });

  test('the tree for people is only asked for when the list leaves something open', () => {
    const commands = (asked: QueryCommand[]) => asked.filter(({ command }) => command === 'human-monitor-command');
    expect(commands(observe(answer).asked)).toEqual([]);
    const refusing = (query: QueryCommand): QueryReply => (query.command === 'x-query-usb' ? gone : answer(query));
    expect(commands(observe(refusing).asked)).toEqual([
      { command: 'human-monitor-command', arguments: { 'command-line': 'info qtree' } },
    ]);
  });

  test('a device that vanished between two questions is left out', () => {
    const vanished = (query: QueryCommand): QueryReply =>
      target(query.arguments).property === 'child[2]' || target(query.arguments).path.endsWith('child[2]')
        ? gone
        : answer(query);
    expect(observe(vanished).topology.controllers[1]?.devices.map(({ id }) => id)).toEqual(['h', undefined]);
  });

  test.each(['hostport', 'hostdevice', 'vendorid', 'productid'])(
    'a usb-host with %s is not one exact device',
    (property) => {
      const value = property.endsWith('id') ? 0x781 : '1.2';
      const filtered = (query: QueryCommand): QueryReply =>
        target(query.arguments).property === property ? { ok: value } : answer(query);
      expect(observe(filtered).topology.controllers[1]?.devices[1]?.host).toBeUndefined();
    },
  );

  test('a usb-host with a device node is one exact device, whatever else it was given', () => {
    const byNode = (query: QueryCommand): QueryReply => {
      const { property } = target(query.arguments);
      if (property === 'vendorid') return { ok: 0x781 };
      return property === 'hostdevice' ? { ok: '/dev/bus/usb/002/017' } : answer(query);
    };
    expect(observe(byNode).topology.controllers[1]?.devices[1]?.host).toEqual({ bus: 2, address: 17 });
  });

  test('a device that is not attached has no speed', () => {
    const detached = (query: QueryCommand): QueryReply =>
      target(query.arguments).property === 'attached' ? { ok: false } : answer(query);
    expect(
      observe(detached).topology.controllers[1]?.devices.map(({ attached, megabits }) => [attached, megabits]),
    ).toEqual(Array(3).fill([false, undefined]));
  });

  test('whatever replies fail or are nonsense, it ends with a topology and no port that QEMU did not tell, or says what is wrong', () => {
    const nonsense = fc.oneof(
      fc.constant(gone),
      fc.anything().map((ok): QueryReply => ({ ok })),
      fc.constant({ ok: [{ name: 'y', type: 'child<usb-bus>' }, null, { name: 1 }] }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.integer({ min: 1, max: 40 }).map(String), nonsense), (broken) => {
        const topology = topologyOrFinding(() => observe((query, n) => broken[String(n)] ?? answer(query)).topology);
        const told = topology.controllers.flatMap(({ devices }) => devices.map(({ port }) => port));
        expect(told.every((port) => port === undefined || typeof port === 'string')).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  const QOM_GETS: readonly (readonly [property: string, value: unknown, expected: string])[] = [
    ['p2', 'x', 'a whole number'],
    ['p3', -1, 'a number of ports'],
    ['ports', 7.5, 'a whole number'],
    ['attached', 1, 'true or false'],
    ['port', 4, 'a text'],
    ['child[0]', null, 'a text'],
    ['hostbus', [], 'a whole number'],
    ['hostport', {}, 'a text'],
    ['vendorid', 1e308, 'a whole number'],
  ];
  test.each(QOM_GETS)('the property %s cannot be %j', (property, value, expected) => {
    const lying = (query: QueryCommand): QueryReply =>
      target(query.arguments).property === property ? { ok: value } : answer(query);
    expect(found(() => observe(lying))).toMatchObject({
      code: 'qmp-wrong-reply',
      evidence: { command: 'qom-get', of: expect.stringContaining(property), expected },
    });
  });

  test('a tree without end is not followed without end', () => {
    const endless = (query: QueryCommand): QueryReply =>
      query.command === 'qom-list' ? { ok: [{ name: 'again', type: 'child<container>' }] } : gone;
    expect(found(() => observe(endless))).toMatchObject({ evidence: { what: 'levels', limit: LIMITS.levels } });
  });
});
