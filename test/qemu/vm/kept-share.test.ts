import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openHost } from '../../../src/access/index.js';
import { Agent, type ShareCondition } from '../../../src/agent/index.js';
import { poll } from '../../../src/base/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../../src/qmp/index.js';
import { patience } from '../../patience.js';
import { type Ran, qplug as run } from '../../unit/cli/fake-terminal.js';
import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { bundledQplug } from '../harness/bundled-qplug.js';

/*
 * Shares that an agent keeps, with real QEMUs that come and go at one path.
 */
const sysfs = recordedSysfs({ schema: 'qplug-host-recording-1', sys: {}, nodes: {} });

let folder: string;
let env: Record<string, string>;
let socket: string;
let listen: string;
let agent: Agent | undefined;
const said: string[] = [];
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-kept-'));
  env = {
    PATH: process.env['PATH'] ?? '',
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  mkdirSync(join(folder, 'vm'));
  socket = join(folder, 'vm', 'qmp');
  listen = join(folder, 'shared.sock');
  said.length = 0;
});
afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  for (const child of children) await killed(child);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a QEMU that listens at the path. */
function startQemu(): ChildProcess {
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-S', '-display', 'none', '-nodefaults', '-machine', 'pc', '-accel', 'tcg', '-m', '32'],
      ...['-device', 'qemu-xhci,id=xhci', '-qmp', `unix:${socket},server=on,wait=off`],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  children.add(child);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function startAgent(): Promise<Agent> {
  agent = await Agent.start(openHost({ env, uid: process.getuid?.() ?? 0, sysfs }), {
    signal: patience(),
    nodes: join(folder, 'nodes'),
    runtime: join(folder, 'run'),
    onFindings: (findings) => said.push(...findings.map(({ code }) => code)),
  });
  return agent;
}

async function endAgent(): Promise<void> {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
}

async function must(...words: string[]): Promise<Ran> {
  const ran = await run(words, { env, sysfs });
  expect(ran.exit, ran.err).toBe(0);
  return ran;
}

/** Gives the QEMU at the path a name, and lets the agent share it. */
async function keep(): Promise<void> {
  await must('adopt', socket, '--name', 'guest');
  await must('share', 'guest', '--listen', listen, '--keep');
}

/** Waits until the agent says this of the share. */
async function becomes(is: ShareCondition['is'] | undefined): Promise<ShareCondition | undefined> {
  const now = (): ShareCondition | undefined => agent?.shares.find((one) => one.listen === listen)?.condition;
  try {
    return await poll(() => now()?.is === is && { condition: now() }, { interval: 5, signal: patience() }).then(
      ({ condition }) => condition,
    );
  } catch (cause) {
    throw new Error(`${JSON.stringify(now())} instead of ${is}; ${said.join()}`, { cause });
  }
}

/** @returns a client at a path, as soon as there is a server that greets */
async function client(path = listen): Promise<QmpConnection> {
  return await poll(
    async () => {
      try {
        return await connect({ path }, { timeout: 1000 });
      } catch (error) {
        if (error instanceof QmpConnectError) return undefined;
        throw error;
      }
    },
    { interval: 20, signal: patience() },
  );
}

/** Asks the VM behind the share, as any client would. */
async function works(): Promise<void> {
  await using one = await client();
  await using other = await client();
  expect((await one.execute('query-status')).status).toBe('prelaunch');
  expect((await other.execute('query-status')).status).toBe('prelaunch');
}

describe('a share that the agent keeps', () => {
  test('serves from the moment it is wished until it is ended; qplug and raw clients go through it', async () => {
    startQemu();
    await must('adopt', socket, '--name', 'guest');
    await client(socket).then((one) => one.close());
    await startAgent();
    const made = await must('share', 'guest', '--listen', listen, '--keep', '--json');
    const document = JSON.parse(made.out);
    expect(schemaErrors(document)).toEqual([]);
    expect(document).toMatchObject({ outcome: 'kept', agent: true, findings: [] });
    await becomes('up');
    await works();
    await using beside = await client();
    await must('attach', 'guest', '--emulated', 'usb-tablet');
    await must('attach', socket, '--emulated', 'usb-mouse');
    expect((await beside.execute('query-status')).status).toBe('prelaunch');
    expect((await must('assignments')).out).toContain(`guest is shared at ${listen}\n`);
    const status = await must('agent', 'status', '--json');
    expect(schemaErrors(JSON.parse(status.out))).toEqual([]);
    expect(JSON.parse(status.out)).toMatchObject({ shares: [{ vm: 'guest', listen, condition: { is: 'up' } }] });
    await must('share', 'guest', '--end');
    expect((await beside.closed).reason).toBe('eof');
    await becomes(undefined);
    expect(existsSync(listen)).toBe(false);
    await using free = await client(socket);
    expect((await free.execute('query-status')).status).toBe('prelaunch');
    expect(said).toEqual([]);
  });

  test('serves again when QEMU was killed, or ended, and another one listens at its path', async () => {
    let qemu = startQemu();
    await keep();
    await startAgent();
    await becomes('up');
    await works();
    const seen: string[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const one of agent?.log.read(1, stop.signal) ?? [])
        if (one.event.startsWith('share')) seen.push(one.event);
    })();
    await killed(qemu);
    expect(await becomes('waiting')).toMatchObject({ reason: [{ code: 'share-ended', evidence: { reason: 'eof' } }] });
    expect(existsSync(listen)).toBe(false);
    qemu = startQemu();
    await becomes('up');
    await works();
    await using last = await client();
    const ended = last.waitFor('SHUTDOWN').promise;
    await last.execute('quit').catch(() => undefined);
    await ended;
    await becomes('absent');
    await killed(qemu);
    startQemu();
    await becomes('up');
    await works();
    stop.abort();
    await reading;
    expect(seen.filter((one, i) => one !== seen[i - 1])).toEqual([
      'share-up',
      'share-down',
      'share-up',
      'share-down',
      'share-up',
    ]);
  });

  test('waits for a QEMU that is not there yet', async () => {
    await keep();
    await startAgent();
    await becomes('absent');
    startQemu();
    await becomes('up');
    await works();
  });

  test('waits for another client, says so, and tells why in qplug assignments; the agent goes on meanwhile', async () => {
    startQemu();
    const holder = await client(socket);
    await keep();
    const running = await startAgent();
    await becomes('starting');
    const { looks } = running;
    running.hint();
    await poll(() => running.looks > looks, { interval: 1, signal: patience() });
    expect(running.shares).toMatchObject([{ condition: { is: 'starting' } }]);
    const waiting = await becomes('waiting');
    expect(waiting).toMatchObject({ reason: [{ code: 'qmp-busy' }] });
    const { out } = await must('assignments', '--json');
    expect(schemaErrors(JSON.parse(out))).toEqual([]);
    expect(JSON.parse(out).vms).toMatchObject([
      { share: { state: 'waiting', reason: expect.stringContaining('another') } },
    ]);
    await holder.close();
    await becomes('up');
    await works();
  });

  test('is free again when the agent ends, and is there again when one starts', async () => {
    startQemu();
    await keep();
    await startAgent();
    await becomes('up');
    await endAgent();
    expect(existsSync(listen)).toBe(false);
    await using free = await client(socket);
    expect((await free.execute('query-status')).status).toBe('prelaunch');
    await free.close();
    await startAgent();
    await becomes('up');
    await works();
  });

  test('of a VM that qplug started: the socket for its owner, whenever the VM runs; qplug keeps its own', async () => {
    const file = join(folder, 'bench.yaml');
    const controllers = 'controllers: [{ id: x, model: qemu-xhci }]';
    writeFileSync(file, `name: bench\nmachine: pc\naccel: [tcg]\nmemory: 32M\nusb: { ${controllers} }\n`);
    await must('share', file, '--listen', listen, '--keep');
    await startAgent();
    await becomes('absent');
    for (const _ of [1, 2]) {
      await must('run', file, '--detach');
      await becomes('up');
      await using one = await client();
      await must('attach', 'bench', '--emulated', 'usb-tablet', '--live');
      expect((await one.execute('query-name')).name).toBe('bench');
      await must('kill', 'bench');
      await becomes('absent');
    }
  });

  test('moves to another path', async () => {
    startQemu();
    await keep();
    await startAgent();
    await becomes('up');
    const old = listen;
    listen = join(folder, 'other.sock');
    await must('share', 'guest', '--listen', listen, '--keep');
    await becomes('up');
    await works();
    expect(existsSync(old)).toBe(false);
  });

  test('is refused a place that became unsafe or taken, with the reason, and serves when it is free', async () => {
    startQemu();
    await keep();
    mkdirSync(listen);
    await startAgent();
    expect(await becomes('waiting')).toMatchObject({ reason: [{ code: 'share-place-taken' }] });
    rmSync(listen, { recursive: true });
    await becomes('up');
  });
});

describe('an agent that is killed', () => {
  async function bundledAgent(main: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, [main, 'agent'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += String(chunk);
    });
    await poll(() => text.includes(`guest is shared at ${listen}`), { interval: 20, signal: patience() }).catch(
      (cause: unknown) => {
        throw new Error(text, { cause });
      },
    );
    return child;
  }

  test('leaves a dead socket, which the next agent replaces', async () => {
    startQemu();
    await keep();
    const main = await bundledQplug(folder);
    const first = await bundledAgent(main);
    await works();
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(lstatSync(listen).isSocket()).toBe(true);
    const second = await bundledAgent(main);
    await works();
    await must('attach', 'guest', '--emulated', 'usb-tablet');
    second.kill('SIGINT');
    await once(second, 'exit');
    expect(existsSync(listen)).toBe(false);
  });
});
