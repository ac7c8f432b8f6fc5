import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentCommands, type AgentDesk, AgentServer, runInAgent } from '../../../../src/agent/api/index.js';
import { poll } from '../../../../src/base/index.js';
import { patience } from '../../../patience.js';
import { LineClient } from './line-client.js';

/*
 * Commands on real sockets. Each call of the one command `work` is held here until a test lets it go.
 */
interface Call {
  readonly words: unknown;
  readonly options: unknown;
  readonly signal: AbortSignal;
  tell(progress: string): void;
  end(exit: number, document: unknown): void;
  fail(error: Error): void;
}

let folder: string;
let runtime: string;
let server: AgentServer | undefined;
let calls: Call[];
/** What the commands do after their signal has aborted, before they end. */
let undo: () => Promise<void>;

const commands: AgentCommands = {
  verbs: ['work', 'resume'],
  reasonAgainst: (verb) => (verb === 'share' ? 'it stays' : undefined),
  understand: ({ verb, words, options }) =>
    words === 'wrong'
      ? { wrong: `${verb} is not asked like that` }
      : {
          run: (signal, tell) =>
            new Promise((resolve, reject) => {
              calls.push({
                ...{ words, options, signal, tell, fail: reject },
                end: (exit, document) => resolve({ exit, document }),
              });
              signal.addEventListener('abort', () => void undo().then(() => resolve({ exit: 130, document: {} })));
            }),
        },
};

const desk: AgentDesk = {
  accounts: () => ({ accounts: [], next: 1, held: false }),
  look: () => undefined,
  hold: async (isHeld) => ({ held: isHeld, left: [] }),
  events: async function* () {
    yield { event: 'vm-up', vm: 'a' };
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-serve-'));
  runtime = join(folder, 'run');
  calls = [];
  undo = async () => undefined;
});
afterEach(async () => {
  for (const call of calls) call.end(0, {});
  await server?.[Symbol.asyncDispose]();
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function connect(): Promise<LineClient> {
  server ??= await AgentServer.listen(runtime, undefined, desk, patience(), commands);
  return await LineClient.connect(join(runtime, 'agent/control.sock'));
}

const until = (count: number): Promise<unknown> =>
  poll(() => calls.length >= count, { interval: 1, signal: patience() });

describe('a command', () => {
  test('gets its words and options; its progress and its end come with the id', async () => {
    using client = await connect();
    client.send({ id: 7, do: 'work', words: { vm: 'bench' }, options: { port: '2' } });
    await until(1);
    expect(calls[0]).toMatchObject({ words: { vm: 'bench' }, options: { port: '2' } });
    calls[0]?.tell('half done');
    calls[0]?.tell('x'.repeat(10_000));
    calls[0]?.end(3, { schema: 'urn:qplug:error:1', text: 'a\u009b31m' });
    await client.gets(1);
    expect(client.answers).toEqual([
      { id: 7, progress: 'half done' },
      { id: 7, progress: 'x'.repeat(500) },
      { id: 7, exit: 3, document: { schema: 'urn:qplug:error:1', text: 'a\u009b31m' } },
    ]);
  });

  test('with the name of a request is one when it has words', async () => {
    using client = await connect();
    expect(await client.ask({ do: 'resume' })).toMatchObject({ held: false });
    client.send({ id: 1, do: 'resume', words: {} });
    await until(1);
    calls[0]?.end(0, { done: 1 });
    expect((await client.gets(2))[1]).toEqual({ id: 1, exit: 0, document: { done: 1 } });
  });

  test.each([
    [{ do: 'work', words: 'wrong' }, 'work is not asked like that'],
    [{ do: 'work', vm: 'a' }, 'a command has no other members than "id", "do", "words" and "options"'],
    [{ do: 'work', more: 1 }, 'a command has no other members than "id", "do", "words" and "options"'],
    [{ do: 'share' }, '"do": "share" is not offered on this socket: it stays'],
    [{ do: 'what' }, '"do" is none of accounts, look, hold, resume, events, work, resume'],
    [{ do: 'look', words: {} }, 'it has members that no request has'],
  ])('that is none: %j', async (request, error) => {
    using client = await connect();
    expect(await client.ask(request)).toEqual({ id: 'ask 0', error });
    expect(calls).toEqual([]);
  });

  test('whose document can not be sent is over all the same', async () => {
    using client = await connect();
    client.send({ id: 1, do: 'work' });
    client.send({ id: 2, do: 'work' });
    client.send({ id: 3, do: 'work' });
    await until(3);
    const round: Record<string, unknown> = {};
    round['again'] = round;
    calls[0]?.end(0, round);
    calls[1]?.end(0, 'x'.repeat(9 * 1024 * 1024));
    calls[2]?.fail(new Error('a mistake'));
    const ended = [...(await client.gets(3))].sort((a, b) => Number(a['id']) - Number(b['id']));
    expect(ended).toEqual([
      { id: 1, exit: 0, error: expect.stringContaining('deep') },
      { id: 2, exit: 0, error: expect.stringContaining('longer') },
      { id: 3, error: 'a mistake' },
    ]);
  });

  test('whose document is large reaches a client that reads', async () => {
    using client = await connect();
    client.send({ id: 1, do: 'work' });
    await until(1);
    const large = 'x'.repeat(7 * 1024 * 1024);
    calls[0]?.end(0, { large });
    expect(await client.gets(1)).toEqual([{ id: 1, exit: 0, document: { large } }]);
  });
});

describe('a command that runs', () => {
  test('is told when its client goes; the others go on', async () => {
    const gone = await connect();
    using other = await connect();
    gone.send({ do: 'work' });
    other.send({ id: 'o', do: 'work' });
    await until(2);
    gone[Symbol.dispose]();
    await poll(() => calls.filter(({ signal }) => signal.aborted).length === 1, { interval: 1, signal: patience() });
    const left = calls.find(({ signal }) => !signal.aborted);
    left?.end(0, {});
    expect(await other.gets(1)).toEqual([{ id: 'o', exit: 0, document: {} }]);
  });

  test('is told when the agent ends, which waits until it has undone everything', async () => {
    const order: string[] = [];
    let letGo: () => void = () => undefined;
    undo = async () => {
      order.push('undo');
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      order.push('undone');
    };
    using client = await connect();
    client.send({ do: 'work' });
    await until(1);
    const ended = server?.[Symbol.asyncDispose]().then(() => order.push('ended'));
    await poll(() => order.includes('undo'), { interval: 1, signal: patience() });
    letGo();
    await ended;
    expect(order).toEqual(['undo', 'undone', 'ended']);
  });

  test('leaves room for others: a client has eight, all have 64', async () => {
    const first = await connect();
    const clients = [first, ...(await Promise.all(Array.from({ length: 8 }, connect)))];
    try {
      for (const client of clients.slice(0, 8)) for (let id = 0; id < 9; id++) client.send({ id, do: 'work' });
      for (const client of clients.slice(0, 8))
        expect(await client.gets(1)).toEqual([{ id: 8, error: '8 commands of this client are running' }]);
      await until(64);
      const last = clients[8] as LineClient;
      expect(await last.ask({ do: 'work' })).toMatchObject({ error: '64 commands of all clients are running' });
      expect(await last.ask({ do: 'accounts' })).toMatchObject({ accounts: [] });
      calls[0]?.end(0, {});
      await poll(() => clients.slice(0, 8).some(({ finals }) => finals.length === 2), {
        interval: 1,
        signal: patience(),
      });
      last.send({ id: 'now', do: 'work' });
      await until(65);
    } finally {
      for (const client of clients) client[Symbol.dispose]();
    }
  });
});

describe('runInAgent', () => {
  test('gives what came, and tells the progress', async () => {
    (await connect())[Symbol.dispose]();
    const told: string[] = [];
    const ran = runInAgent(runtime, { do: 'resume' }, { signal: patience(), onProgress: (one) => void told.push(one) });
    await until(1);
    calls[0]?.tell('half');
    calls[0]?.end(0, { schema: 'x' });
    expect([await ran, told]).toEqual([{ exit: 0, document: { schema: 'x' } }, ['half']]);
  });

  test('says what is wrong with the request', async () => {
    (await connect())[Symbol.dispose]();
    await expect(runInAgent(runtime, { do: 'share' }, { signal: patience() })).rejects.toMatchObject({
      findings: [
        { code: 'agent-refused', evidence: { command: 'share', reason: expect.stringContaining('it stays') } },
      ],
    });
  });

  test('ends with its signal, and so does the command', async () => {
    (await connect())[Symbol.dispose]();
    const end = new AbortController();
    const ran = runInAgent(runtime, { do: 'work' }, { signal: end.signal });
    await until(1);
    end.abort(new Error('enough'));
    await expect(ran).rejects.toThrow('enough');
    await poll(() => calls[0]?.signal.aborted === true, { interval: 1, signal: patience() });
  });
});

describe('the socket for watchers', () => {
  const at = (): string => join(folder, 'seen/agent.sock');

  function makeFolder(mode: number): void {
    mkdirSync(join(folder, 'seen'));
    chmodSync(join(folder, 'seen'), mode);
  }

  test('has the group of its folder, and mode 0660; it is gone afterwards', async () => {
    makeFolder(0o750);
    server = await AgentServer.watch(at(), desk, patience(), commands);
    const { mode, gid } = lstatSync(at());
    expect([mode & 0o777, gid]).toEqual([0o660, lstatSync(join(folder, 'seen')).gid]);
    expect(readdirSync(join(folder, 'seen'))).toEqual(['agent.sock']);
    await server[Symbol.asyncDispose]();
    expect(readdirSync(join(folder, 'seen'))).toEqual([]);
  });

  test('offers what looks, and its commands; it refuses everything else', async () => {
    makeFolder(0o750);
    server = await AgentServer.watch(at(), desk, patience(), commands);
    using client = await LineClient.connect(at());
    expect(await client.ask({ do: 'accounts' })).toMatchObject({ accounts: [] });
    expect(await client.ask({ do: 'events' })).toMatchObject({ event: 'vm-up' });
    for (const verb of ['look', 'hold', 'attach', '__proto__']) {
      const named = verb === '__proto__' ? '"do"' : `"do": "${verb}"`;
      expect(await client.ask({ do: verb })).toMatchObject({
        error: `${named} is not offered on this socket, which offers accounts, events, work, resume`,
      });
    }
    client.send({ id: 'w', do: 'work' });
    await until(1);
    calls[0]?.end(0, {});
    expect((await client.gets(7)).at(-1)).toEqual({ id: 'w', exit: 0, document: {} });
  });

  test.each([
    [0o700, 'watch-folder-closed'],
    [0o770, 'share-place-unsafe'],
    [0o757, 'share-place-unsafe'],
  ])('is not made in a folder of mode %o', async (mode, code) => {
    makeFolder(mode);
    await expect(AgentServer.watch(at(), desk, patience())).rejects.toMatchObject({ findings: [{ code }] });
    expect(readdirSync(join(folder, 'seen'))).toEqual([]);
  });
});
