import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runInAgent } from '../../../src/agent/index.js';
import { poll } from '../../../src/base/index.js';
import type { Watch } from '../../../src/registry/index.js';
import { patience } from '../../patience.js';
import { LineClient } from '../../unit/agent/api/line-client.js';
import { type RealAgent, startRealAgent } from '../../unit/agent/real-agent.js';
import { documentOf } from '../../unit/cli/fake-terminal.js';
import { lineErrors, schemaErrors } from '../../unit/view/documents/schemas.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';

/*
 * A real agent, and a real QEMU that somebody else started, which a program drives through the agent's socket.
 */
let qemu: PlainQemu;
let real: RealAgent;
/** Called for each line of the journal. */
let watch: Watch = () => undefined;

beforeAll(async () => {
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=8,p3=8');
  real = await startRealAgent({ watch: (head, mark) => watch(head, mark) });
});
afterAll(async () => {
  await real[Symbol.asyncDispose]();
  await qemu[Symbol.asyncDispose]();
});

type Document = Readonly<Record<string, unknown>>;

async function ask(verb: string, words: object, options: object = {}): Promise<{ exit: unknown; document: Document }> {
  using client = await LineClient.connect(real.control);
  const answer = await client.ask({ do: verb, words: { vm: qemu.socket, ...words }, options });
  for (const one of client.answers) expect(lineErrors('agent-answer', one)).toEqual([]);
  const { exit, document } = answer as { exit: unknown; document: Document };
  expect(schemaErrors(document)).toEqual([]);
  return { exit, document };
}

interface Status {
  readonly topology: { readonly controllers: readonly { readonly devices: readonly { readonly id: string }[] }[] };
}

async function inVm(): Promise<string[]> {
  const { document } = await ask('status', {});
  return (document as unknown as Status).topology.controllers.flatMap(({ devices }) => devices.map(({ id }) => id));
}

describe('through the socket', () => {
  test('a device is attached, seen and detached', async () => {
    const attached = await ask('attach', {}, { emulated: ['usb-tablet'], port: '2', verbose: true });
    expect(attached).toMatchObject({
      exit: 0,
      document: { vm: qemu.socket, devices: [{ id: 'qplug-usb-tablet', port: '2' }] },
    });
    expect(await inVm()).toEqual(['qplug-usb-tablet']);
    const again = await ask('attach', {}, { emulated: ['usb-kbd'], port: '2' });
    expect(again).toMatchObject({ exit: 6, document: { schema: 'urn:qplug:error:1', exit: 6 } });
    const detached = await ask('detach', { device: ['qplug-usb-tablet'] });
    expect(detached).toMatchObject({ exit: 0, document: { devices: [{ id: 'qplug-usb-tablet' }] } });
    expect(await inVm()).toEqual([]);
    expect(await ask('detach', { device: ['qplug-usb-tablet'] })).toMatchObject({ exit: 3 });
  });

  test('a library does the same, and hears of each step', async () => {
    const told: string[] = [];
    const words = { vm: qemu.socket };
    const run = (verb: string, more: object): Promise<unknown> =>
      runInAgent(
        real.runtime,
        { do: verb, words, ...more },
        { signal: patience(), onProgress: (one) => void told.push(one) },
      );
    expect(await run('attach', { options: { emulated: ['usb-kbd'], verbose: true } })).toMatchObject({ exit: 0 });
    expect(told.join('\n')).toContain('usb-kbd');
    expect(await run('detach', { words: { ...words, device: ['qplug-usb-kbd'] } })).toMatchObject({ exit: 0 });
  });

  test('commands of several clients take turns at one VM', async () => {
    const models = ['usb-kbd', 'usb-tablet', 'usb-mouse', 'usb-wacom-tablet'];
    const ran = await Promise.all(models.map((model) => ask('attach', {}, { emulated: [model], grow: 'none' })));
    expect(ran.map(({ exit }) => exit)).toEqual([0, 0, 0, 0]);
    const ids = models.map((model) => `qplug-${model}`);
    expect((await inVm()).sort()).toEqual([...ids].sort());
    expect(await ask('detach', { device: ids })).toMatchObject({ exit: 0 });
  });
});

/** Where a client goes: after a step has begun, after it is done, after all is planned. */
const MOMENTS = ['begun', 'doing', 'done'];

test.each(MOMENTS)('a client that goes when a change is %s leaves no half of it', async (moment) => {
  const client = await LineClient.connect(real.control);
  let isGone = false;
  let isOver = false;
  watch = (_, { is }) => {
    if (is === moment && !isGone) {
      isGone = true;
      client[Symbol.dispose]();
    }
    isOver ||= is === 'ended';
  };
  const emulated = ['usb-tablet', 'usb-kbd', 'usb-mouse'];
  client.send({ do: 'attach', words: { vm: qemu.socket }, options: { emulated, grow: 'none' } });
  await poll(() => isOver, { interval: 5, signal: patience() });
  watch = () => undefined;
  const journal = join(real.folder, 'state/journal');
  await poll(() => readdirSync(journal).length === 0, { interval: 5, signal: patience() });
  const found = await inVm();
  // all or none: a command that was nearly over when the agent learned of it is not undone
  expect([0, 3]).toContain(found.length);
  if (found.length > 0) await ask('detach', { device: found });
  expect(await ask('attach', {}, { emulated: ['usb-tablet'] })).toMatchObject({ exit: 0 });
  await ask('detach', { device: ['qplug-usb-tablet'] });
});

test('a VM that is started through the socket stays when the agent ends', async () => {
  await using other = await startRealAgent();
  const file = join(qemu.folder, 'stays.yaml');
  writeFileSync(file, 'machine: pc\naccel: [tcg]\nmemory: 32M\nqemu: { args: [-nodefaults, -S] }\n');
  const { env, uid, sysfs } = other.terminal;
  const here = { env, uid, ...(sysfs && { sysfs }) };
  try {
    using client = await LineClient.connect(other.control);
    const started = await client.ask({ do: 'run', words: { file }, options: { detach: true } });
    expect(started).toMatchObject({ exit: 0, document: { vm: 'stays' } });
    await other.agent[Symbol.asyncDispose]();
    expect(await documentOf(['status', 'stays'], here)).toMatchObject({ vm: 'stays', state: 'prelaunch' });
  } finally {
    expect(await documentOf(['kill', 'stays'], here)).toMatchObject({ vm: 'stays', by: 'quit' });
  }
});
