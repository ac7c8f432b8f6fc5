import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordedSysfs } from '../../../src/host/index.js';
import { type Answer, LyingQemu, type Said, SmallVm } from '../../lying-qemu.js';
import { PATIENCE, pastDeadline } from '../../patience.js';
import { qplug, type Ran } from '../cli/fake-terminal.js';
import { recording } from '../host/recordings.js';
import { DEAD, SELF } from '../registry/records.js';

/** A QEMU that lies, or fails, before the whole command line. */

let top: string;
let socket: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'qplug-lies-'));
  mkdirSync(join(top, 'run'), { mode: 0o700 });
  socket = join(top, 'qmp.sock');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const run = (line: string, signal?: AbortSignal): Promise<Ran> =>
  qplug(
    line.split(' ').map((word) => (word === 'VM' ? socket : word)),
    {
      env: { QPLUG_RUNTIME_DIR: join(top, 'run'), QPLUG_STATE_DIR: join(top, 'state'), PATH: process.env['PATH'] },
      sysfs: recordedSysfs(recording('six-devices')),
      ...(signal === undefined ? {} : { signal }),
    },
  );

/** A small VM with a tablet, that answers a command otherwise. */
function lying(command: string, said: Said | (() => Said)): Answer {
  const vm = new SmallVm();
  vm.devices.set('t', { port: '2', driver: 'usb-tablet' });
  return (call, send) =>
    call.command === command ? (typeof said === 'function' ? said() : said) : vm.answer(call, send);
}

/** Entries of the journal. */
function journal(): string[] {
  try {
    return readdirSync(join(top, 'state/journal'));
  } catch {
    return [];
  }
}

/** The process that wrote the journal is gone, as it is when its command has ended. */
function workerDies(): void {
  const folder = join(top, 'state/journal');
  for (const name of readdirSync(folder)) {
    const dead = name.replace(`_${SELF.pid}_${SELF.startTime}_`, `_${SELF.pid}_${DEAD.startTime}_`);
    renameSync(join(folder, name), join(folder, dead));
  }
}

/** Each is wrong for most commands; test/fuzz/lying-qemu.test.ts tries more. */
const WRONG: readonly unknown[] = [null, 'x', [1, null, { a: [] }]];

const LINES: readonly string[] = [
  'status VM --timeout 5',
  'attach VM --emulated usb-tablet --timeout 5',
  'detach VM t --timeout 5',
  'suspend VM --timeout 5',
  'resume VM --timeout 5',
  'rebalance VM --timeout 5',
  'plan VM --count --timeout 5',
  'snapshot list VM --timeout 5',
  'snapshot save VM a --timeout 5',
  'snapshot restore VM a --timeout 5',
  'snapshot delete VM a --timeout 5',
  'migrate VM unix:/nowhere --timeout 5',
  'shutdown VM --timeout 1',
  'qmp VM query-status --timeout 5',
];

/** The commands that a command line asks when all goes well. */
async function asked(line: string): Promise<string[]> {
  const vm = new SmallVm();
  vm.devices.set('t', { port: '2', driver: 'usb-tablet' });
  await using _qemu = await LyingQemu.at(socket, vm.answer);
  await run(line);
  return [...new Set(vm.calls)];
}

describe.each(LINES)('%s', (line) => {
  test('no single answer of a wrong type is taken for a mistake of qplug', { timeout: 2 * PATIENCE }, async () => {
    const commands = await asked(line);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      for (const value of WRONG) {
        await using _qemu = await LyingQemu.at(socket, lying(command, { return: value }));
        const { exit, out, err } = await run(line);
        const told = `${command} answered ${JSON.stringify(value)}:\n${out}${err}`;
        expect(told).not.toContain('mistake in qplug');
        expect(err, told).not.toContain('\u001b');
        expect([0, 1, 3, 5, 7, 8], told).toContain(exit);
        rmSync(join(top, 'state'), { recursive: true, force: true });
        rmSync(join(top, 'run/claims.db'), { force: true });
      }
    }
  });
});

describe('an answer of a wrong type', () => {
  test.each([
    ['query-status', { status: 5, running: true }, 'at /status expected a text, got 5'],
    ['query-status', { running: true }, 'at /status expected a value, got nothing'],
    ['query-status', null, 'expected an object, got null'],
    ['qom-list', [{ name: 'x', type: [] }], 'at /0/type expected a text, got an array of 0'],
    ['qom-get', {}, '/machine/peripheral/xhci, p2: expected a whole number, got an object'],
    ['x-query-usb', { 'human-readable-text': 1 }, 'at /human-readable-text expected a text, got 1'],
  ])('to %s is told with the command and the member: %j', async (command, value, words) => {
    await using _qemu = await LyingQemu.at(socket, lying(command, { return: value }));
    const { exit, err } = await run('status VM');
    expect([exit, err.split('\n')[0]]).toEqual([
      8,
      `error: QEMU broke the protocol: its answer to ${command} has the wrong type: ${words}`,
    ]);
  });

  test('a device that QEMU may have plugged in then is taken out again', async () => {
    const vm = new SmallVm();
    const answer: Answer = async (call, send) => {
      const said = await vm.answer(call, send);
      return call.command === 'device_add' ? { return: 'done' } : said;
    };
    await using _qemu = await LyingQemu.at(socket, answer);
    expect((await run('attach VM --emulated usb-tablet')).exit).toBe(8);
    expect([[...vm.devices], vm.calls.includes('device_del'), journal()]).toEqual([[], true, []]);
  });

  test('`qmp` prints whatever came, as far as it can be printed', async () => {
    await using _qemu = await LyingQemu.at(socket, lying('query-status', { return: [[null, 'x']] }));
    expect((await run('qmp VM query-status --json')).exit).toBe(0);
  });
});

describe('an answer that nests', () => {
  const deep = (levels: number): Said => ({ text: `{"id":ID,"return":${'['.repeat(levels)}${']'.repeat(levels)}}` });

  test.each(['status VM', 'attach VM --emulated usb-tablet', 'qmp VM query-status'])(
    'in a million levels ends %s with a finding',
    async (line) => {
      await using _qemu = await LyingQemu.at(socket, lying('query-status', deep(1_000_000)));
      const { exit, err } = await run(line);
      expect([exit, err]).toEqual([8, expect.stringContaining('nest')]);
      expect(err).not.toContain('mistake');
    },
  );

  test('in a thousand levels is printed', async () => {
    await using _qemu = await LyingQemu.at(socket, lying('query-status', deep(1000)));
    expect((await run('qmp VM query-status')).exit).toBe(0);
  });
});

/** A small VM that lies about its bus once something was plugged in. */
function liesLater(bus: readonly object[], property: Readonly<Record<string, unknown>> = {}): Answer {
  const vm = new SmallVm();
  let late = false;
  return ({ command, args, n }, send) => {
    if (command === 'device_add') late = true;
    const { path, property: name } = args as { path?: string; property?: string };
    if (late && command === 'qom-list' && path?.endsWith('xhci.0')) return { return: bus };
    if (late && name !== undefined && Object.hasOwn(property, name)) return { return: property[name] };
    return vm.answer({ command, args, n }, send);
  };
}

const children = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => ({ name: `child[${i}]`, type: 'link<usb-hub>' }));

describe('a QEMU that tells of more than there is', () => {
  test.each([
    ['60,000 devices', liesLater(children(60_000)), 'more than 4096 devices on its USB and PCI buses'],
    [
      'a hub of a thousand million ports',
      liesLater(children(1), { 'child[0]': '/machine/peripheral/h', ports: 1e9, attached: true }),
      'more than 255 ports on one hub or controller',
    ],
    ['a path of a million characters', liesLater(children(1), { 'child[0]': 'x'.repeat(1_000_000) }), 'characters'],
  ])('%s, once something was plugged in: the attach ends, and is undone', async (_, answer, words) => {
    await using _qemu = await LyingQemu.at(socket, answer);
    const { exit, err } = await run('attach VM --emulated usb-tablet --timeout 100');
    expect([exit, err]).toEqual([8, expect.stringContaining(words)]);
    expect(err).not.toContain('could not roll back everything');
    expect(journal()).toEqual([]);
  });

  const trees: readonly (readonly [string, (path: string) => object[], string])[] = [
    ['300,000 controllers', (path) => (path === '/machine' ? many(300_000) : []), 'objects in its tree'],
    ['a tree without end', () => [{ name: 'a', type: 'child<container>' }], 'levels in its tree'],
    ['a tree that forks without end', () => many(300), 'objects in its tree'],
  ];
  const many = (count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({ name: `d${i}`, type: 'child<pci-bridge>' }));
  test.each(trees)('%s', { timeout: 2 * PATIENCE }, async (_, tree, words) => {
    const vm = new SmallVm();
    await using _qemu = await LyingQemu.at(socket, (call, send) =>
      call.command === 'qom-list' && call.args['path'] !== '/objects'
        ? { return: tree(String(call.args['path'])) }
        : vm.answer(call, send),
    );
    const { exit, err } = await run('status VM --timeout 100');
    expect([exit, err]).toEqual([8, expect.stringContaining(words)]);
  });
});

describe('a QEMU that falls silent', () => {
  /** Answers until something was plugged in, then never again. */
  const silent = (): Answer => {
    const vm = new SmallVm();
    let late = false;
    return (call, send) => {
      if (late) return 'nothing';
      late = call.command === 'device_add';
      return vm.answer(call, send);
    };
  };

  /** An attach whose deadline passes when something was plugged in. */
  const attachPastDeadline = (): Promise<Ran> =>
    pastDeadline(
      1000,
      (timeout) => run(`attach VM --emulated usb-tablet --timeout ${timeout / 1000}`),
      () => journal().length > 0,
    );

  test('an attach ends at its deadline, and what it began is left to the journal', {
    timeout: 2 * PATIENCE,
  }, async () => {
    await using _qemu = await LyingQemu.at(socket, silent());
    const { exit, err } = await attachPastDeadline();
    expect([exit, err]).toEqual([7, expect.stringContaining('the next command tries again')]);
    expect(journal()).toHaveLength(1);
  });

  test('other commands go on, and say once what was left', { timeout: 2 * PATIENCE }, async () => {
    const vm = new SmallVm();
    {
      await using _qemu = await LyingQemu.at(socket, silent());
      await attachPastDeadline();
    }
    workerDies();
    {
      await using _qemu = await LyingQemu.at(socket, () => 'nothing');
      const first = await run('list');
      expect([first.exit, first.err]).toEqual([
        0,
        expect.stringMatching(/^warning: could not clean up after an interrupted attach yet/m),
      ]);
      workerDies();
      expect(await run('list')).toMatchObject({ exit: 0, err: expect.not.stringContaining('warning') });
      workerDies();
      expect((await run('claims')).err).not.toContain('warning');
      workerDies();
      expect((await run('mend')).err).toContain('could not clean up after an interrupted attach yet');
      workerDies();
    }
    await using _qemu = await LyingQemu.at(socket, vm.answer);
    vm.devices.set('qplug-usb-tablet', { port: '1', driver: 'usb-tablet' });
    expect((await run('mend')).err).toMatch(/^warning: an interrupted attach was rolled back/m);
    expect([[...vm.devices], journal()]).toEqual([[], []]);
  });

  test('Ctrl-C ends an attach while it reads a tree that grows', { timeout: 2 * PATIENCE }, async () => {
    const interruption = new AbortController();
    const vm = new SmallVm();
    await using _qemu = await LyingQemu.at(socket, (call, send) => {
      if (call.n === 3000) interruption.abort(new Error('interrupted by SIGINT'));
      const forks = call.command === 'qom-list' && call.args['path'] !== '/objects';
      return forks
        ? { return: [1, 2, 3].map((i) => ({ name: `d${i}`, type: 'child<pci-bridge>' })) }
        : vm.answer(call, send);
    });
    const { exit } = await run('attach VM --emulated usb-tablet --timeout 100', interruption.signal);
    expect(exit).toBe(130);
  });
});
