import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import { connect } from '../../../src/qmp/index.js';
import { type AttachRequest, attach, type Operation, openVm } from '../../../src/vm/index.js';
import { pastDeadline } from '../../patience.js';
import { startQemu } from '../harness/plain-qemu.js';
import { type ProxyRules, startProxy } from '../harness/qmp-proxy.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world[Symbol.dispose]());

const XHCI = ['-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=4,p3=4'];
const TWO = { emulated: ['usb-tablet', 'usb-mouse'] };

async function plug(socket: string, request: Partial<AttachRequest>, more?: Partial<Operation>) {
  const operation = world.operation(more);
  await using vm = await openVm(socket, world.host, operation);
  return await attach(vm, { selectors: [], ...request }, world.host, operation);
}

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

/** Attaches through a proxy; what it throws, and the tree afterwards. */
async function through(socket: string, rules: ProxyRules, request: Partial<AttachRequest>, more?: Partial<Operation>) {
  await using proxy = await startProxy(socket, rules);
  const error = await failing(plug(proxy.socket, request, more));
  const commands = proxy.seen.map(({ execute }) => execute);
  return { error, commands, codes: error.findings?.map(({ code }) => code) };
}

/** Whether the second of two devices was asked for. */
const addedTwice = ({ commands }: { readonly commands: readonly string[] }): boolean =>
  commands.filter((one) => one === 'device_add').length === 2;

/** A rule for the n-th `device_add`, counted from 1. */
function onAdd(n: number, rule: NonNullable<ProxyRules['command']>): ProxyRules {
  let count = 0;
  return {
    command: (command) => {
      if (command.execute !== 'device_add') return 'pass';
      count += 1;
      return count === n ? rule(command) : 'pass';
    },
  };
}

describe('all or none', () => {
  test('the second device is refused: the first is taken out again, and QEMU is quoted', async () => {
    await using qemu = await startQemu(...XHCI, '-device', 'usb-kbd,port=1');
    const before = await treeOf(world, qemu.socket);
    const { error, codes } = await through(
      qemu.socket,
      onAdd(2, () => ({ error: 'no \u001b[31mway' })),
      TWO,
    );
    expect(codes).toEqual(['device-add-refused']);
    expect(error.kind).toBe('failed');
    expect(error.message).toContain('no \\x1b[31mway');
    expect(await treeOf(world, qemu.socket)).toEqual(before);
    expect(world.told.filter((one) => one.startsWith('undo:'))).toHaveLength(1);
  });

  test('a port is taken by another client between plan and plugging: everything is taken back', async () => {
    const other = `unix:${world.folder}/other.qmp`;
    await using qemu = await startQemu(...XHCI, '-qmp', `${other},server=on,wait=off`);
    await using second = await connect({ path: `${world.folder}/other.qmp` });
    const steal = async ({ arguments: args }: { arguments?: Readonly<Record<string, unknown>> }) => {
      await second.executeAny('device_add', { driver: 'usb-kbd', id: 'thief', bus: 'x.0', port: args?.['port'] });
      return 'pass' as const;
    };
    const { codes } = await through(qemu.socket, onAdd(2, steal), TWO);
    expect(codes).toEqual(['device-add-refused']);
    expect((await treeOf(world, qemu.socket)).map((line) => line.split(' ')[3])).toEqual(['thief']);
  });

  test('QEMU shows something else than planned: placed-otherwise, and everything is taken back', async () => {
    await using qemu = await startQemu(...XHCI);
    let added = false;
    const { error, codes } = await through(
      qemu.socket,
      {
        command: ({ execute }) => {
          added ||= execute === 'device_add';
          return 'pass';
        },
        reply: ({ execute, arguments: args }, value) =>
          added && execute === 'qom-get' && args?.['property'] === 'attached' ? false : value,
      },
      TWO,
    );
    expect(codes).toEqual(['placed-otherwise', 'placed-otherwise']);
    expect(error.kind).toBe('failed');
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('the undo is refused as well: told by name, after the cause', async () => {
    await using qemu = await startQemu(...XHCI);
    let adds = 0;
    const { error, codes } = await through(
      qemu.socket,
      {
        command: ({ execute }) => {
          adds += execute === 'device_add' ? 1 : 0;
          const refuse = execute === 'device_del' || (execute === 'device_add' && adds === 2);
          return refuse ? { error: 'never' } : 'pass';
        },
      },
      TWO,
    );
    expect(codes).toEqual(['device-add-refused', 'not-undone']);
    expect(error.findings[1]?.evidence).toMatchObject({ devices: [expect.stringContaining('usb-')] });
  });
});

describe('giving up', () => {
  test('an abort at each step of an attach with hubs: the VM is as it was, and the reason comes through', async () => {
    await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'piix3-usb-uhci,id=u');
    const request = { emulated: ['usb-wacom-tablet', 'usb-wacom-tablet', 'usb-wacom-tablet'] };
    const outcomes: unknown[] = [];
    for (let step = 1; step <= 4; step++) {
      const controller = new AbortController();
      const reason = new Error(`at ${step}`);
      let told = 0;
      const onProgress = (): void => {
        told += 1;
        if (told === step) controller.abort(reason);
      };
      const error = await failing(plug(qemu.socket, request, { signal: controller.signal, onProgress }));
      outcomes.push([error === (reason as unknown), await treeOf(world, qemu.socket)]);
    }
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => [true, []]));
  });

  test('an abort while QEMU is at a command that it then carries out: that one is undone too', async () => {
    await using qemu = await startQemu(...XHCI);
    const controller = new AbortController();
    const abortFirst = async () => {
      controller.abort(new Error('enough'));
      await delay(100);
      return 'pass' as const;
    };
    const { error, commands } = await through(qemu.socket, onAdd(2, abortFirst), TWO, { signal: controller.signal });
    expect(error.message).toBe('enough');
    expect(commands.filter((one) => one === 'device_del')).toHaveLength(2);
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('the deadline passes while QEMU does not answer: operation-timeout, undone', async () => {
    await using qemu = await startQemu(...XHCI);
    const holdSecond = () => onAdd(2, () => 'hold');
    const { error, codes } = await pastDeadline(
      600,
      (timeout) => through(qemu.socket, holdSecond(), TWO, { timeout }),
      addedTwice,
    );
    expect([codes, error.kind]).toEqual([['operation-timeout'], 'timeout']);
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('the deadline passes and the undo is refused: both are told, the deadline first', async () => {
    await using qemu = await startQemu(...XHCI);
    const { codes } = await pastDeadline(
      600,
      (timeout) => {
        const { command: holdSecond = () => 'pass' as const } = onAdd(2, () => 'hold');
        const rules: ProxyRules = {
          command: (sent) => (sent.execute === 'device_del' ? { error: 'never' } : holdSecond(sent)),
        };
        return through(qemu.socket, rules, TWO, { timeout });
      },
      addedTwice,
    );
    expect(codes).toEqual(['operation-timeout', 'not-undone']);
  });

  test('QEMU is killed while a device_add is on its way: unreachable, without waiting for the deadline', async () => {
    await using qemu = await startQemu(...XHCI);
    const kill = () => {
      qemu.process.kill('SIGKILL');
      return 'hold' as const;
    };
    const { error, codes } = await through(qemu.socket, onAdd(2, kill), TWO);
    expect([codes, error.kind]).toEqual([['qmp-closed'], 'unreachable']);
  });
});

describe('undoing an added controller', () => {
  const grow = { hubs: false, controllers: true };
  const refuseSecond = onAdd.bind(undefined, 2, () => ({ error: 'no' }));

  test('on a pc whose guest does not run: it stays until the guest lets go, which is told', async () => {
    await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg');
    const { codes, error } = await through(qemu.socket, refuseSecond(), { emulated: ['usb-mouse'], grow });
    expect(codes).toEqual(['device-add-refused', 'not-undone']);
    expect(error.findings[1]?.evidence).toEqual({ devices: ['controller qplug-xhci'] });
    expect(await treeOf(world, qemu.socket)).toEqual([]);
  });

  test('in a root port that its guest never powered: it goes at once', async () => {
    await using qemu = await startQemu(
      ...['-machine', 'q35', '-accel', 'tcg', '-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
      ...['-device', 'pcie-root-port,id=spare,bus=pcie.0,chassis=1'],
    );
    const { codes } = await through(qemu.socket, refuseSecond(), { emulated: ['usb-mouse'], grow });
    expect(codes).toEqual(['device-add-refused']);
    const report = await plug(qemu.socket, { emulated: ['usb-mouse'], grow });
    expect(report.controllers).toEqual(['qplug-xhci']);
  });
});
