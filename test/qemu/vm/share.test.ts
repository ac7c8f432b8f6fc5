import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ownerOf } from '../../../src/access/index.js';
import { identifyProcess, poll } from '../../../src/base/index.js';
import type { Finding, QplugError } from '../../../src/diag/index.js';
import { connect, type QmpConnection } from '../../../src/qmp/index.js';
import { sameOwner } from '../../../src/registry/index.js';
import { attach, openVm, shareVm, statusOf, type VmShare } from '../../../src/vm/index.js';
import { patience } from '../../patience.js';
import { bundledQplug } from '../harness/bundled-qplug.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { makeWorld, processesOf, type World } from '../harness/vm-world.js';

let world: World;
let qemu: PlainQemu;
let listen: string;
beforeEach(async () => {
  world = makeWorld();
  listen = join(world.folder, 'shared.sock');
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=xhci,p2=8,p3=8');
});
afterEach(async () => {
  await qemu[Symbol.asyncDispose]();
  world[Symbol.dispose]();
});

const notices: Finding[] = [];
const share = (more: Partial<Parameters<typeof shareVm>[0]> = {}, signal?: AbortSignal): Promise<VmShare> => {
  notices.length = 0;
  const operation = world.operation(signal === undefined ? {} : { signal });
  return shareVm({ vm: qemu.socket, listen, ...more }, world.host, operation, (found) => void notices.push(found));
};

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );

const client = (): Promise<QmpConnection> => connect({ path: listen });

/** A client that sends and gets raw text. */
class Raw {
  readonly socket: Socket;
  text = '';

  private constructor(path: string) {
    this.socket = createConnection(path);
    this.socket.on('data', (chunk) => {
      this.text += String(chunk);
    });
    this.socket.on('error', () => undefined);
  }

  static async at(path: string): Promise<Raw> {
    const raw = new Raw(path);
    onTestFinished(() => void raw.socket.destroy());
    await raw.saw('QMP');
    raw.socket.write('{"execute":"qmp_capabilities"}');
    await raw.saw('return');
    raw.text = '';
    return raw;
  }

  saw(word: string): Promise<unknown> {
    return poll(() => this.text.includes(word), { interval: 5, signal: patience() });
  }
}

describe('clients', () => {
  test('five at once with equal ids each get their own answers, and all get the events', async () => {
    await using _share = await share();
    const clients = await Promise.all(Array.from({ length: 5 }, client));
    const resets = clients.map((one) => one.waitFor('RESET').promise);
    const answers = await Promise.all(
      clients.map((one, n) =>
        Promise.all(
          Array.from({ length: 30 }, (_, m) =>
            one.executeAny('qom-list', { path: n % 2 === m % 2 ? '/' : '/machine' }),
          ),
        ),
      ),
    );
    const [root, machine] = [answers[0]?.[0], answers[0]?.[1]];
    expect(root).not.toEqual(machine);
    for (const [n, all] of answers.entries())
      expect(all).toEqual(Array.from({ length: 30 }, (_, m) => (n % 2 === m % 2 ? root : machine)));
    await clients[3]?.execute('system_reset');
    const stamps = (await Promise.all(resets)).map(({ timestamp }) => JSON.stringify(timestamp));
    expect(new Set(stamps).size).toBe(1);
    await Promise.all(clients.map((one) => one.close()));
  });

  test('one that does not read is dropped, and the others go on', async () => {
    const { SHARE_LIMITS } = await import('../../../src/qmp/share/index.js');
    await using _share = await share({ limits: { ...SHARE_LIMITS, unreadBytes: 10_000 } });
    const deaf = await Raw.at(listen);
    deaf.socket.pause();
    await using other = await client();
    await poll(
      async () => {
        for (let n = 0; n < 50; n++) await other.execute('system_reset');
        return notices.length > 0;
      },
      { interval: 1, signal: patience() },
    );
    expect(notices).toMatchObject([{ code: 'share-client-dropped', evidence: { reason: 'unread' } }]);
    expect((await other.execute('query-status')).status).toBe('prelaunch');
    deaf.socket.resume();
    await once(deaf.socket, 'close');
  });

  test('one that dies in the middle of a command leaves the others alone', async () => {
    await using _share = await share();
    await using other = await client();
    const code = `const s = require('net').connect(${JSON.stringify(listen)});
      s.on('data', () => {});
      s.write('{"execute":"qmp_capabilities"}');
      setInterval(() => s.write('{"execute":"query-qmp-schema"}'), 20);
      console.log('on');`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    for (let n = 0; n < 20; n++) await other.execute('query-status');
    child.kill('SIGKILL');
    await once(child, 'close');
    for (let n = 0; n < 20; n++) expect((await other.execute('query-status')).status).toBe('prelaunch');
    expect(notices).toEqual([]);
  });

  test('what is not JSON, and commands with descriptors, are refused; QEMU goes on', async () => {
    await using _share = await share();
    const raw = await Raw.at(listen);
    raw.socket.write('nonsense\n{"execute":"add-fd","id":1}\n{"execute":"nope","id":18446744073709551615}');
    await raw.saw('18446744073709551615');
    const lines = raw.text.trim().split('\r\n');
    expect(lines).toEqual([
      expect.stringContaining('JSON parse error'),
      expect.stringContaining('"id": 1'),
      '{"error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}, "id": 18446744073709551615}',
    ]);
  });
});

test('integers of 64 bits survive in both directions, and so does a timestamp', async () => {
  const path = join(world.folder, 'stand-in.qmp');
  const got: string[] = [];
  const big = '9223372036854775807';
  const event = `{"timestamp": {"seconds": ${big}, "microseconds": 1}, "event": "X", "data": {"n": -${big}}}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(
      '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 9}, "package": ""}, "capabilities": []}}\r\n',
    );
    socket.on('data', (chunk) => {
      for (const line of String(chunk).trim().split('\n')) {
        got.push(line);
        const [, id] = /"id": ?(\d+)/.exec(line) ?? [];
        socket.write(`{"return": {"n": ${big}}, "id": ${id}}\r\n${line.includes('"x"') ? `${event}\r\n` : ''}`);
      }
    });
  }).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await using _share = await share({ vm: path });
  const raw = await Raw.at(listen);
  raw.socket.write(`{"execute":"x","arguments":{"n":${big}},"id":[${big}]}`);
  await raw.saw('event');
  expect(raw.text).toBe(`{"return": {"n": ${big}}, "id": [${big}]}\r\n${event}\r\n`);
  expect(got.at(-1)).toContain(`"arguments": {"n":${big}}`);
});

describe('qplug itself', () => {
  test('knows the VM behind a share by QEMU’s process, whatever socket is named', async () => {
    const target = async (path: string) => {
      await using vm = await openVm(path, world.host, world.operation());
      return ownerOf(vm);
    };
    const direct = await target(qemu.socket);
    await using _share = await share();
    const [through, named] = [await target(listen), await target(qemu.socket)];
    expect(through.process).toEqual(identifyProcess(qemu.process.pid ?? 0));
    expect(through).toEqual({ ...direct, vm: listen });
    expect(named).toEqual(direct);
    expect(sameOwner(direct, through)).toBe(true);
  });

  test('without the record of the share knows that it does not know QEMU', async () => {
    await using _share = await share();
    rmSync(join(world.folder, 'run', 'shares'), { recursive: true });
    await using vm = await openVm(listen, world.host, world.operation());
    expect(vm.process).toBeUndefined();
  });

  test('a record that the kernel does not confirm is not believed', async () => {
    await using _share = await share();
    const [name = ''] = readdirSync(world.host.shares?.folder ?? '');
    const [record] = world.host.shares?.list() ?? [];
    expect(name).toContain(`${process.pid}_`);
    world.host.shares?.add({ ...(record as NonNullable<typeof record>), end: { dev: 9, ino: 1 } });
    await using vm = await openVm(listen, world.host, world.operation());
    expect(vm.process).toBeUndefined();
  });

  test('that waits in QEMU’s queue behind a share goes through it as soon as it knows of it', async () => {
    await using _share = await share();
    const [record] = world.host.shares?.list() ?? [];
    rmSync(join(world.folder, 'run', 'shares'), { recursive: true });
    let isOpen = false;
    const opening = openVm(qemu.socket, world.host, world.operation()).finally(() => {
      isOpen = true;
    });
    await using other = await client();
    expect((await other.execute('query-status')).status).toBe('prelaunch');
    expect(isOpen).toBe(false);
    world.host.shares?.add(record as NonNullable<typeof record>);
    await using vm = await opening;
    expect((await vm.qmp.execute('query-status')).status).toBe('prelaunch');
  });

  test('whose turn does not come: qmp-no-turn at the deadline, while other clients are served', async () => {
    await using _share = await share();
    await using _holder = await openVm(listen, world.host, world.operation());
    await using other = await client();
    const error = await failing(openVm(listen, world.host, world.operation({ timeout: 500 })));
    expect([error.code, error.kind]).toEqual(['qmp-no-turn', 'unreachable']);
    expect((await other.execute('query-status')).status).toBe('prelaunch');
  });

  test('several attaches at once, and a raw client beside: each gets its turn and its own port', async () => {
    await using _share = await share();
    await using beside = await client();
    const models = ['usb-tablet', 'usb-mouse', 'usb-kbd'];
    const places = await Promise.all(
      models.map(async (model) => {
        await using vm = await openVm(listen, world.host, world.operation());
        const { devices } = await attach(vm, { selectors: [], emulated: [model] }, world.host, world.operation());
        return devices.map(({ bus, port }) => `${bus} ${port}`);
      }),
    );
    expect(places.flat().sort()).toEqual(['xhci.0 1', 'xhci.0 2', 'xhci.0 3']);
    expect((await beside.execute('query-status')).status).toBe('prelaunch');
  });
});

describe('the end', () => {
  test('of QEMU: clients get SHUTDOWN, then the end; the socket and the record are gone', async () => {
    await using made = await share();
    const raw = await Raw.at(listen);
    await using other = await client();
    await other.execute('quit').catch(() => undefined);
    await once(raw.socket, 'close');
    expect(raw.text).toMatch(/^\{"timestamp": \{"seconds": \d+, "microseconds": \d+\}, "event": "SHUTDOWN".*\r\n$/);
    expect((await other.closed).reason).toBe('shutdown');
    expect((await made.facts.ended).reason).toBe('shutdown');
    expect([existsSync(listen), world.host.shares?.list()]).toEqual([false, []]);
  });

  test('by its signal; QEMU goes on, and its socket is free again', async () => {
    const stop = new AbortController();
    const made = await share({}, stop.signal);
    await using other = await client();
    stop.abort();
    expect((await made.facts.ended).reason).toBe('by-us');
    expect((await other.closed).reason).toBe('eof');
    expect(existsSync(listen)).toBe(false);
    await using vm = await openVm(qemu.socket, world.host, world.operation());
    expect((await statusOf(vm, world.host, world.operation())).run).toBe('prelaunch');
  });

  test('leaves alone what has come to its path since', async () => {
    const made = await share();
    rmSync(listen);
    writeFileSync(listen, 'mine');
    await made[Symbol.asyncDispose]();
    expect(lstatSync(listen).isFile()).toBe(true);
  });

  test('by kill: the next share replaces the dead socket, also where others connect to it', async () => {
    const main = await bundledQplug(world.folder);
    const env = { ...process.env, QPLUG_RUNTIME_DIR: join(world.folder, 'run') };
    const child = spawn(process.execPath, [main, 'share', qemu.socket, '--listen', listen], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(lstatSync(listen).isSocket()).toBe(true);
    await using _share = await share();
    await using other = await client();
    expect((await other.execute('query-status')).status).toBe('prelaunch');
    expect(readdirSync(world.folder).filter((name) => name.startsWith('.qplug'))).toEqual([]);
  });
});

describe('the place', () => {
  test('the socket is for its user alone, and nothing else is left there', async () => {
    await using _share = await share();
    expect(lstatSync(listen).mode & 0o777).toBe(0o600);
    expect(readdirSync(world.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each([
    ['a socket that somebody serves', () => qemu.socket, 'share-place-taken'],
    ['a file', () => world.file('file', ''), 'share-place-taken'],
    ['a folder that is not there', () => join(world.folder, 'none', 's'), 'share-place-unusable'],
    ['a name that no file can have', () => `${world.folder}/`, 'share-place-unusable'],
    ['a path too long for a socket', () => join(world.folder, 'x'.repeat(120)), 'qmp-path-too-long'],
    ['a folder that all may write to', () => open('open', 0o777), 'share-place-unsafe'],
    ['a folder like /tmp', () => open('sticky', 0o1777), 'share-place-unsafe'],
  ])('%s is refused, and QEMU is left alone', async (_, path, code) => {
    const error = await failing(share({ listen: path() }));
    expect(error.code).toBe(code);
    expect(readdirSync(world.folder).filter((name) => name.startsWith('.qplug'))).toEqual([]);
    await using _vm = await openVm(qemu.socket, world.host, world.operation());
  });

  test('a link in the folder is followed, and the share says where it is', async () => {
    mkdirSync(join(world.folder, 'real'));
    symlinkSync('real', join(world.folder, 'link'));
    await using made = await share({ listen: join(world.folder, 'link', 's') });
    expect(made.facts.listen).toBe(join(world.folder, 'real', 's'));
  });

  test('a QEMU socket that another client holds: qmp-busy; that is not there: qmp-no-socket', async () => {
    await using _holder = await connect({ path: qemu.socket });
    const operation = world.operation({ timeout: 600 });
    const busy = await failing(shareVm({ vm: qemu.socket, listen }, world.host, operation, () => undefined));
    expect([busy.code, busy.kind]).toEqual(['qmp-busy', 'unreachable']);
    expect((await failing(share({ vm: join(world.folder, 'none.qmp') }))).code).toBe('qmp-no-socket');
    expect(existsSync(listen)).toBe(false);
  });
});

/** @returns a path in a new folder of that mode */
function open(name: string, mode: number): string {
  const folder = join(world.folder, name);
  mkdirSync(folder);
  chmodSync(folder, mode);
  return join(folder, 's');
}

describe('the command', () => {
  interface Running {
    readonly out: () => string;
    readonly err: () => string;
    readonly ended: Promise<number | null>;
    kill(signal: NodeJS.Signals): void;
  }

  async function qplug(...words: string[]): Promise<Running> {
    const env = { ...process.env, QPLUG_RUNTIME_DIR: join(world.folder, 'run'), NO_COLOR: '1' };
    const main = join(world.folder, 'main.mjs');
    if (!existsSync(main)) await bundledQplug(world.folder);
    const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      let text = '';
      stream.on('data', (chunk) => {
        text += String(chunk);
      });
      return () => text;
    });
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { out: out ?? String, err: err ?? String, ended, kill: (signal) => void child.kill(signal) };
  }

  const serves = (running: Running) => poll(() => running.out() !== '', { interval: 10, signal: patience() });

  test('prints the path, lets two qplugs work at once beside a raw client, and Ctrl-C leaves no socket', async () => {
    const running = await qplug('share', qemu.socket, '--listen', listen);
    await serves(running);
    expect(running.out()).toBe(`${listen}\n`);
    const raw = await Raw.at(listen);
    const [one, two, three] = await Promise.all([
      qplug('attach', listen, '--emulated', 'usb-tablet'),
      qplug('attach', listen, '--emulated', 'usb-mouse'),
      qplug('status', listen, '--json'),
    ]);
    expect([await one.ended, await two.ended, await three.ended], one.err() + two.err()).toEqual([0, 0, 0]);
    expect(JSON.parse(three.out())).toMatchObject({ vm: listen, socket: qemu.socket });
    raw.socket.write('{"execute":"query-status"}');
    await raw.saw('prelaunch');
    running.kill('SIGINT');
    expect(await running.ended).toBe(130);
    expect(existsSync(listen)).toBe(false);
    expect(processesOf(world).filter((line) => line.includes('share'))).toEqual([]);
  });

  test('ends with 0 when QEMU ends, and says so', async () => {
    const running = await qplug('share', qemu.socket, '--listen', listen, '--json');
    await serves(running);
    const raw = await Raw.at(listen);
    raw.socket.write('{"execute":"quit"}');
    expect(await running.ended).toBe(0);
    expect(JSON.parse(running.out())).toMatchObject({ schema: 'urn:qplug:share:1', listen, socket: qemu.socket });
    expect(running.err()).toContain('QEMU has shut down; the share has ended\n');
    expect(existsSync(listen)).toBe(false);
  });

  test('without --listen is wrong usage', async () => {
    const running = await qplug('share', qemu.socket);
    expect(await running.ended).toBe(2);
    expect(running.err()).toContain('needs --listen PATH');
  });
});
