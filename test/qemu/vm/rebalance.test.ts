import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import {
  type AttachRequest,
  attach,
  detach,
  type Operation,
  openVm,
  type RebalanceRequest,
  rebalance,
  statusOf,
} from '../../../src/vm/index.js';
import { documentOf, qplug } from '../../unit/cli/fake-terminal.js';
import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { lacking, type ProxyRules, startProxy } from '../harness/qmp-proxy.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

let world: World;
let qemu: PlainQemu;
beforeEach(async () => {
  world = makeWorld();
});
afterEach(async () => {
  await qemu[Symbol.asyncDispose]();
  world[Symbol.dispose]();
});

async function plug(request: Partial<AttachRequest>, socket = qemu.socket) {
  const operation = world.operation();
  await using vm = await openVm(socket, world.host, operation);
  return await attach(vm, { selectors: [], ...request }, world.host, operation);
}

async function move(request: Partial<RebalanceRequest>, more?: Partial<Operation>, socket = qemu.socket) {
  const operation = world.operation(more);
  await using vm = await openVm(socket, world.host, operation);
  return await rebalance(vm, { selectors: [], carryOut: false, ...request }, world.host, operation);
}

async function look() {
  const operation = world.operation();
  await using vm = await openVm(qemu.socket, world.host, operation);
  return await statusOf(vm, world.host, operation);
}

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const codes = ({ findings }: { readonly findings: readonly { code: string }[] }): string[] =>
  findings.map(({ code }) => code);

const start = async (...devices: readonly string[]): Promise<void> => {
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', ...devices.flatMap((one) => ['-device', one]));
};

describe('a full-speed device where a high-speed one is wanted, and a UHCI beside it', () => {
  const BEFORE = ['x.0 1 usb-wacom-tablet qplug-usb-wacom-tablet 12', 'x.0 2 usb-tablet qplug-usb-tablet 480'];
  const AFTER = [
    'u.0 1 usb-wacom-tablet qplug-usb-wacom-tablet 12',
    'x.0 1 usb-mouse qplug-usb-mouse 480',
    'x.0 2 usb-tablet qplug-usb-tablet 480',
  ];
  const MOUSE = { emulated: ['usb-mouse'] };
  beforeEach(async () => {
    await start('qemu-xhci,id=x,p2=2,p3=2', 'piix3-usb-uhci,id=u');
    await plug({ emulated: ['usb-wacom-tablet'], controller: 'x', port: '1' });
    await plug({ emulated: ['usb-tablet'], controller: 'x', port: '2' });
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });

  test('the refusal tells of the move, and what to type', async () => {
    const error = await failing(plug(MOUSE));
    expect(codes(error)).toEqual(['only-slower', 'move-would-help']);
    expect(error.kind).toBe('no-plan');
    const { err } = await qplug(['attach', qemu.socket, '--emulated', 'usb-mouse']);
    expect(err).toContain('note: moving qplug-usb-wacom-tablet (usb-wacom-tablet) from x.0 port 1 to u.0 port 1');
    expect(err).toContain(`fix  qplug rebalance ${qemu.socket} --emulated usb-mouse\n`);
  });

  test('without --yes, or with --dry-run: shown, exit 0, nothing is touched', async () => {
    for (const words of [[], ['--yes', '--dry-run']]) {
      const { exit, out } = await qplug(['rebalance', qemu.socket, '--emulated', 'usb-mouse', ...words]);
      expect(exit).toBe(0);
      expect(out.split('\n')).toEqual([
        'qplug-usb-mouse (usb-mouse), which has no port, could be on x.0 port 1, at 480M',
        '  qplug-usb-wacom-tablet (usb-wacom-tablet): x.0 port 1 -> u.0 port 1, unplugged for a moment',
        'The guest loses what it has open on a device that is unplugged.',
        `To do it: qplug rebalance ${qemu.socket} --emulated usb-mouse --yes`,
        '',
      ]);
    }
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });

  test('with --yes: moved, plugged, and read back; its document is as promised', async () => {
    const document = await documentOf(['rebalance', qemu.socket, '--emulated', 'usb-mouse', '--yes']);
    expect(document).toMatchObject({
      done: true,
      wins: { id: 'qplug-usb-mouse', bus: 'x.0', port: '1', megabits: 480, was: null },
      interrupted: [{ id: 'qplug-usb-wacom-tablet', from: { bus: 'x.0', port: '1' }, bus: 'u.0', port: '1' }],
      added: { hubs: [] },
      removed: { hubs: [] },
    });
    expect(schemaErrors(document)).toEqual([]);
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(AFTER);
    const again = await qplug(['rebalance', qemu.socket, '--yes']);
    expect(again).toMatchObject({
      exit: 0,
      out: `no single move would give a device of ${qemu.socket} a better port\n`,
    });
    const nothing = await documentOf(['rebalance', qemu.socket]);
    expect(nothing).toMatchObject({ done: false, wins: null, interrupted: [] });
    expect(schemaErrors(nothing)).toEqual([]);
  });

  async function through(rules: ProxyRules, more?: Partial<Operation>) {
    await using proxy = await startProxy(qemu.socket, rules);
    return await failing(move({ ...MOUSE, carryOut: true }, more, proxy.socket));
  }

  test.each([1, 2])('QEMU refuses device_add number %i: each is back where it was', async (n) => {
    let adds = 0;
    const error = await through({
      command: ({ execute }) => {
        adds += execute === 'device_add' ? 1 : 0;
        return execute === 'device_add' && adds === n ? { error: 'no' } : 'pass';
      },
    });
    expect(codes(error)).toEqual(['device-add-refused']);
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });

  test('QEMU refuses to let go: nothing has changed', async () => {
    const error = await through({ command: ({ execute }) => (execute === 'device_del' ? { error: 'no' } : 'pass') });
    expect(codes(error)).toEqual(['qmp-command-failed']);
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });

  test('QEMU shows something else than was planned: each is back where it was', async () => {
    let moved = false;
    const error = await through({
      command: ({ execute }) => {
        moved ||= execute === 'device_del';
        return 'pass';
      },
      reply: ({ execute, arguments: args }, value) =>
        moved && execute === 'qom-get' && args?.['property'] === 'attached' ? false : value,
    });
    expect(new Set(codes(error))).toEqual(new Set(['placed-otherwise']));
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });

  test.each([1, 2, 3])('given up at step %i (Ctrl-C): each is back where it was', async (step) => {
    const controller = new AbortController();
    let told = 0;
    const onProgress = (): void => {
      told += 1;
      if (told === step) controller.abort(new Error('enough'));
    };
    const error = await failing(move({ ...MOUSE, carryOut: true }, { signal: controller.signal, onProgress }));
    expect(error.message).toBe('enough');
    expect((await treeOf(world, qemu.socket)).toSorted()).toEqual(BEFORE);
  });
});

test('a device that runs slower moves to a port of its speed, which status tells', async () => {
  await start('piix3-usb-uhci,id=u', 'qemu-xhci,id=x,p2=1,p3=1');
  await plug({ emulated: ['usb-tablet'], controller: 'u', slower: 'allow' });
  expect((await look()).findings).toMatchObject([
    { code: 'move-would-help', severity: 'note', evidence: { from: { bus: 'u.0', port: '1' }, bus: 'x.0', moved: [] } },
  ]);
  const { move: made } = await move({ carryOut: true });
  expect(made).toMatchObject({ was: 'full', wins: { speed: 'high' } });
  expect(await treeOf(world, qemu.socket)).toEqual(['x.0 1 usb-tablet qplug-usb-tablet 480']);
  expect((await look()).findings).toEqual([]);
});

test('a hub of qplug that its last device left goes, and nobody is interrupted', async () => {
  await start('qemu-xhci,id=x,p2=2,p3=2');
  const { devices, hubs } = await plug({ emulated: ['usb-wacom-tablet'] });
  expect(hubs).toEqual(['qplug-hub-x.0-1']);
  {
    await using vm = await openVm(qemu.socket, world.host, world.operation());
    await detach(vm, [devices[0]?.id ?? ''], world.host, world.operation());
  }
  await plug({ emulated: ['usb-tablet'] });
  const { err } = await qplug(['attach', qemu.socket, '--emulated', 'usb-mouse']);
  expect(err).toContain('note: removing qplug-hub-x.0-1, which has no devices behind it, would give');
  const report = await move({ emulated: ['usb-mouse'], carryOut: true });
  expect(report.move).toMatchObject({ moved: [], hub: { id: 'qplug-hub-x.0-1', bus: 'x.0', port: '1' } });
  expect((await treeOf(world, qemu.socket)).toSorted()).toEqual([
    'x.0 1 usb-mouse qplug-usb-mouse 480',
    'x.0 2 usb-tablet qplug-usb-tablet 480',
  ]);
});

test('a hub is added on the way where one makes room', async () => {
  await start('usb-ehci,id=e', 'qemu-xhci,id=x,p2=1,p3=1', 'qemu-xhci,id=y,p2=1,p3=0');
  await plug({ emulated: ['usb-tablet'], controller: 'x' });
  const grow = { hubs: false, controllers: false };
  await plug({ emulated: ['usb-wacom-tablet'], controller: 'y', grow });
  // the second pen: it and the first behind a hub on y
  const report = await move({ emulated: ['usb-wacom-tablet'], carryOut: true });
  expect(report.move?.plan.hubs).toHaveLength(1);
  const tree = await treeOf(world, qemu.socket);
  expect(tree.filter((line) => line.includes('wacom'))).toHaveLength(2);
  expect(tree.every((line) => !line.includes('wacom') || line.endsWith(' 12'))).toBe(true);
});

test('a QEMU without hubs: none is part of a move', async () => {
  await start('usb-ehci,id=e', 'qemu-xhci,id=x,p2=1,p3=1', 'qemu-xhci,id=y,p2=1,p3=0');
  await plug({ emulated: ['usb-tablet'], controller: 'x' });
  await plug({ emulated: ['usb-wacom-tablet'], controller: 'y', grow: { hubs: false, controllers: false } });
  await using proxy = await startProxy(qemu.socket, lacking('usb-hub'));
  const second = { emulated: ['usb-wacom-tablet'] };
  expect((await move(second)).move?.plan.hubs).toHaveLength(1);
  const { move: made, done } = await move({ ...second, carryOut: true }, undefined, proxy.socket);
  expect(made?.plan.hubs).toEqual([]);
  expect(done).toBe(true);
  expect((await treeOf(world, qemu.socket)).filter((line) => line.includes('usb-hub'))).toEqual([]);
});

test('a model that QEMU does not have is refused before anything is looked for', async () => {
  await start('qemu-xhci,id=x,p2=1,p3=1');
  await using proxy = await startProxy(qemu.socket, lacking('usb-kbd'));
  expect(codes(await failing(move({ emulated: ['usb-kbd'] }, undefined, proxy.socket)))).toEqual(['qemu-no-model']);
});

test('what others plugged is never moved', async () => {
  await start('qemu-xhci,id=x,p2=1,p3=1', 'piix3-usb-uhci,id=u', 'usb-wacom-tablet,id=theirs,bus=x.0,port=1');
  expect(codes(await failing(plug({ emulated: ['usb-tablet'] })))).toEqual(['only-slower']);
  expect(await move({ emulated: ['usb-tablet'], carryOut: true })).toMatchObject({ move: undefined, done: false });
});

test('a VM that nobody knows: exit 3', async () => {
  await start('qemu-xhci');
  expect((await qplug(['rebalance', 'nobody'])).exit).toBe(3);
});
