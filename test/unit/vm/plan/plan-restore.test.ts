import { describe, expect, test } from 'vitest';
import {
  type AttachedDevice,
  type Controller,
  FULL,
  HIGH,
  LOW,
  SUPER,
  type Topology,
} from '../../../../src/qdev/index.js';
import { treeOf } from '../../../../src/vm/observe/placed-topology.js';
import { type HostDeviceInVm, makeEqual, returnsOf } from '../../../../src/vm/plan/plan-restore.js';
import { inventoryOf, recording } from '../../host/recordings.js';

const inventory = inventoryOf(recording('six-devices'));
const TABLET = 'qplug-0627-0001-1-2';

const device = (
  driver: string,
  port: string | undefined,
  id: string | undefined,
  more: Partial<AttachedDevice> = {},
) => ({
  ...{ id, driver, port, attached: true, megabits: driver === 'usb-hub' ? 12 : 480, host: undefined },
  ...{ qomPath: id === undefined ? `/machine/peripheral-anon/device[${port}]` : `/machine/peripheral/${id}` },
  ...{ hubPorts: driver === 'usb-hub' ? 8 : undefined, product: undefined, automatic: false },
  ...more,
});
const hub = (port: string, id: string, hubPorts = 8): AttachedDevice => device('usb-hub', port, id, { hubPorts });
const passed = (port: string, address = 2): AttachedDevice =>
  device('usb-host', port, TABLET, { host: { bus: 1, address } });

const controller = (devices: readonly AttachedDevice[], more: Partial<Controller> = {}): Controller => ({
  ...{ bus: 'x.0', id: 'x', model: 'qemu-xhci', qomPath: '/machine/peripheral/x', known: true, devices },
  ports: [1, 2, 3, 4, 5, 6].map((port) => ({ port, mask: port > 4 ? SUPER : LOW | FULL | HIGH })),
  ...more,
});

function vm(...controllers: readonly Controller[]) {
  const ids = new Set(controllers.flatMap(({ devices }) => devices.flatMap(({ id }) => id ?? [])));
  const topology: Topology = { version: { major: 7, minor: 2, micro: 0 }, controllers, hotplug: [], ids };
  const addresses = new Map(controllers.map(({ bus }, i) => [bus, `pci.0/${i + 3}.0`]));
  return { topology, addresses };
}

type Seen = ReturnType<typeof vm>;

const equal = (saved: Seen, now: Seen) =>
  makeEqual({ vm: 'bench', tag: 'clean' }, treeOf(saved, new Set()), now, inventory);

function said(saved: Seen, now: Seen) {
  const { problems, notes, hostDevices, inTheWay, adds, standIns } = equal(saved, now);
  return {
    problems: problems.map(({ evidence }) => (evidence as { difference: { is: string } }).difference.is),
    notes: notes.map(({ code }) => code),
    out: [...hostDevices.map(({ removal }) => removal.target), ...inTheWay.map(({ target }) => target)],
    adds: adds.map(
      ({ device: { driver, id, properties } }) => `${driver} ${id} ${properties['bus']} ${properties['port']}`,
    ),
    standIns: standIns.map(({ target }) => target),
  };
}

const NOTHING = { problems: [], notes: [], out: [], adds: [], standIns: [] };

describe('a tree made what it was', () => {
  test('one that is as it was is left alone, whatever its ids are', () => {
    const saved = vm(controller([hub('1', 'a'), device('usb-kbd', '1.2', 'b')]));
    const now = vm(controller([hub('1', 'c'), device('usb-kbd', '1.2', undefined)], { bus: 'y.0', id: 'y' }));
    expect(said(saved, now)).toEqual(NOTHING);
  });

  test('what lacks is plugged where it was, a hub before what sits behind it, with the id that it had where that is free', () => {
    const saved = vm(
      controller([
        device('usb-kbd', '1.2', 'k'),
        hub('1', 'h'),
        device('usb-tablet', '3', 't'),
        device('usb-mouse', '4', undefined),
      ]),
    );
    const now = vm(controller([], { bus: 'y.0' }), controller([], { bus: 'z.0' }));
    expect(said(saved, vm(controller([], { bus: 'y.0' }))).adds).toEqual([
      'usb-hub h y.0 1',
      'usb-kbd k y.0 1.2',
      'usb-tablet t y.0 3',
      'usb-mouse qplug-usb-mouse y.0 4',
    ]);
    expect(said(saved, now).problems).toEqual(['controller-extra']);
    const taken = vm(controller([device('usb-kbd', '2', 't')]));
    expect(said(saved, taken).adds).toContain('usb-tablet qplug-usb-tablet x.0 3');
  });

  test('one that ran at 12 Mb/s on a port of its own is made so again; behind a hub it is by itself', () => {
    const saved = vm(
      controller([
        device('usb-tablet', '3', 't', { megabits: 12 }),
        hub('1', 'h'),
        device('usb-kbd', '1.1', 'k', { megabits: 12 }),
      ]),
    );
    const { adds } = equal(saved, vm(controller([])));
    expect(adds.map(({ device: { id, properties } }) => [id, properties['usb_version']])).toEqual([
      ['h', undefined],
      ['k', undefined],
      ['t', 1],
    ]);
  });

  test('what is in the way goes with all that sits behind it, the deepest first; only what can be put back', () => {
    const saved = vm(controller([device('usb-tablet', '1', 't')]));
    const now = vm(controller([hub('1', 'h'), hub('1.1', 'qplug-hub-2'), device('usb-kbd', '1.1.1', 'qplug-usb-kbd')]));
    expect(said(saved, now)).toMatchObject({ problems: [], out: ['qplug-usb-kbd', 'qplug-hub-2', 'h'] });
    const theirs = vm(controller([hub('1', 'h'), device('usb-kbd', '1.1', 'theirs')]));
    expect(said(saved, theirs)).toMatchObject({ problems: ['place-taken'], out: [] });
    const otherHub = vm(controller([hub('1', 'h', 4)]));
    expect(said(vm(controller([hub('1', 'h', 8)])), otherHub)).toMatchObject({ out: ['h'], adds: ['usb-hub h x.0 1'] });
  });

  test('devices of the host always leave; where one was saved a stand-in comes', () => {
    const saved = vm(controller([passed('2')]));
    expect(said(saved, vm(controller([passed('2')])))).toEqual({
      ...NOTHING,
      out: [TABLET],
      adds: ['usb-host qplug-stand-in x.0 2'],
      standIns: ['qplug-stand-in'],
    });
    expect(said(saved, vm(controller([passed('3')])))).toMatchObject({ out: [TABLET], standIns: ['qplug-stand-in'] });
    expect(said(vm(controller([])), vm(controller([passed('2')])))).toMatchObject({ out: [TABLET], adds: [] });
  });

  test('one whose device is gone, or whose address is that of another now, is a stand-in by itself, and no more', () => {
    const gone = vm(controller([passed('2', 99)]));
    expect(said(vm(controller([passed('2')])), gone)).toEqual(NOTHING);
    const other = vm(controller([passed('2', 3)]));
    expect(said(vm(controller([passed('2')])), other)).toEqual(NOTHING);
    const way = equal(vm(controller([device('usb-kbd', '2', 'k')])), other);
    expect(way.inTheWay).toMatchObject([{ target: TABLET, restore: undefined, stale: true }]);
  });

  test.each(['usb-storage', 'usb-ccid', 'usb-redir', 'usb-uas', 'usb-unheard-of'])(
    'a %s that lacks can only be made by who made it',
    (driver) => {
      expect(said(vm(controller([device(driver, '2', 'd')])), vm(controller([])))).toMatchObject({
        problems: ['device-missing'],
        adds: [],
      });
    },
  );

  test('controllers are found by their PCI address, and have to be the same', () => {
    const saved = vm(controller([]));
    expect(said(saved, vm(controller([], { model: 'nec-usb-xhci' }))).problems).toEqual(['controller-other']);
    expect(said(saved, vm(controller([], { ports: [] }))).problems).toEqual(['controller-other']);
    expect(said(saved, vm()).problems).toEqual(['controller-missing']);
    expect(said(vm(), saved).problems).toEqual(['controller-extra']);
    const elsewhere = { ...saved, addresses: new Map([['x.0', 'pci.0/9.0']]) };
    expect(said(saved, elsewhere).problems).toEqual(['controller-missing', 'controller-extra']);
    const none = { ...saved, addresses: new Map<string, string>() };
    expect(said(none, none)).toEqual(NOTHING);
    expect(said(none, saved).problems).toEqual(['controller-missing', 'controller-extra']);
  });

  test('what was not there stays, and is told; where nobody knows the tree only devices of the host leave', () => {
    const now = vm(controller([device('usb-kbd', '4', 'k'), hub('3', 'h'), passed('2')]));
    expect(said(vm(controller([])), now)).toMatchObject({ notes: ['snapshot-device-extra'], out: [TABLET] });
    const { problems, notes, hostDevices, inTheWay, adds } = makeEqual(
      { vm: 'b', tag: 't' },
      undefined,
      now,
      inventory,
    );
    expect([problems, notes, inTheWay, adds, hostDevices.length]).toEqual([[], [], [], [], 1]);
  });
});

describe('where devices of the host come back', () => {
  const places = (saved: Seen, now: Seen, was?: { bus: string; port: string }): unknown[] =>
    returnsOf(equal(saved, now), () => was).map(({ place }) => place);
  const away = vm(controller([]));

  test('the saved place, else the one that it had, else none', () => {
    const now = vm(controller([passed('2')]));
    expect(places(away, now)).toEqual([{ bus: 'x.0', port: '2' }]);
    expect(places(away, now, { bus: 'x.0', port: '4' })).toEqual([{ bus: 'x.0', port: '4' }]);
    const keyboard = vm(controller([device('usb-kbd', '4', 'k')]));
    expect(places(keyboard, now, { bus: 'x.0', port: '4' })).toEqual([{ bus: 'x.0', port: '2' }]);
    expect(places(vm(controller([device('usb-kbd', '2', 'k')])), now)).toEqual([undefined]);
  });

  test('the place of a stand-in is free; the bus is as it is called now', () => {
    const now = vm(controller([passed('5')], { bus: 'y.0' }));
    expect(places(vm(controller([passed('2')])), now, { bus: 'x.0', port: '2' })).toEqual([{ bus: 'y.0', port: '2' }]);
  });

  test('behind a hub only while there is one', () => {
    const now = vm(controller([hub('1', 'h'), passed('1.2')]));
    expect(places(vm(controller([hub('1', 'h')])), now)).toEqual([{ bus: 'x.0', port: '1.2' }]);
    expect(places(vm(controller([device('usb-kbd', '1', 'k')])), now)).toEqual([undefined]);
    const bare = vm(controller([passed('2')]));
    expect(places(vm(controller([hub('1', 'h')])), bare, { bus: 'x.0', port: '1.3' })).toEqual([
      { bus: 'x.0', port: '1.3' },
    ]);
  });

  test('each place once', () => {
    const now = vm(controller([passed('2')]));
    const result = equal(away, now);
    const twice = {
      ...result,
      hostDevices: [...result.hostDevices, { ...(result.hostDevices[0] as HostDeviceInVm), port: '3' }],
    };
    expect(returnsOf(twice, () => ({ bus: 'x.0', port: '4' })).map(({ place }) => place)).toEqual([
      { bus: 'x.0', port: '4' },
      { bus: 'x.0', port: '3' },
    ]);
  });
});
