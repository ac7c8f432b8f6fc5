import { linkSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentDesk, AgentServer } from '../../../../src/agent/api/index.js';
import { type AgentEvent, EventLog } from '../../../../src/agent/events/index.js';
import { knockAt, poll } from '../../../../src/base/index.js';
import { patience } from '../../../patience.js';
import { runs } from '../../runs.js';

/*
 * Real sockets in a temporary folder. The agent behind them is a desk with a real event log.
 */
let runtime: string;
let log: EventLog;
let looks: number;
let server: AgentServer | undefined;
/** How many `hold` are open, and what ends the latest one. */
let holds = 0;
let release: () => void;
const clients: Client[] = [];

const path = (): string => join(runtime, 'agent/control.sock');

/** A `hold` lasts until its client goes, or `release` is called. */
const desk: AgentDesk = {
  accounts: () => ({ accounts: ['all'], next: log.next, held: false }),
  look: () => void looks++,
  hold: async (isHeld, signal) => {
    holds++;
    try {
      await new Promise<void>((resolve, reject) => {
        release = resolve;
        signal.addEventListener('abort', () => reject(new Error('gone')), { once: true });
      });
      return { held: isHeld, left: [] };
    } finally {
      holds--;
    }
  },
  events: (since, signal) => log.read(since ?? log.next, signal),
};

async function listen(): Promise<AgentServer> {
  server = await AgentServer.listen(runtime, undefined, desk, patience());
  return server;
}

beforeEach(() => {
  runtime = join(mkdtempSync(join(tmpdir(), 'qplug-api-')), 'run');
  log = new EventLog();
  looks = 0;
  server = undefined;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await server?.[Symbol.asyncDispose]();
  rmSync(join(runtime, '..'), { recursive: true });
});

/** A client that sends what it likes. */
class Client {
  readonly socket: Socket;
  readonly lines: string[] = [];
  isClosed = false;

  private constructor() {
    this.socket = createConnection({ path: path() });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    clients.push(this);
  }

  static async connect({ reads = true }: { readonly reads?: boolean } = {}): Promise<Client> {
    const client = new Client();
    await poll(() => client.socket.readyState === 'open' || client.isClosed, { interval: 1, signal: patience() });
    if (!reads) {
      client.socket.pause();
      return client;
    }
    let rest = '';
    client.socket.setEncoding('utf8');
    client.socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      client.lines.push(...lines);
    });
    return client;
  }

  send(...requests: (object | string | Uint8Array)[]): void {
    for (const one of requests) {
      const isRaw = typeof one === 'string' || one instanceof Uint8Array;
      this.socket.write(isRaw ? one : `${JSON.stringify(one)}\n`);
    }
  }

  get documents(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for so many lines. */
  async gets(count: number): Promise<Record<string, unknown>[]> {
    await poll(() => this.lines.length >= count || this.isClosed, { interval: 1, signal: patience() });
    return this.documents;
  }

  async closed(): Promise<void> {
    await poll(() => this.isClosed, { interval: 1, signal: patience() });
  }

  end(): void {
    this.socket.destroy();
  }
}

/** A client that behaves gets its answer. */
async function isServed(): Promise<void> {
  const client = await Client.connect();
  client.send({ id: 'well', do: 'accounts' });
  expect(await client.gets(1)).toEqual([{ id: 'well', accounts: ['all'], next: log.next, held: false }]);
  client.end();
}

describe('the socket', () => {
  test('is for its user alone, and is gone afterwards', async () => {
    const made = await listen();
    expect(lstatSync(path()).mode & 0o777).toBe(0o600);
    expect(lstatSync(join(runtime, 'agent')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(runtime, 'agent'))).toEqual(['control.sock']);
    await isServed();
    await made[Symbol.asyncDispose]();
    expect(readdirSync(join(runtime, 'agent'))).toEqual([]);
  });

  test('of an agent that runs is left to it', async () => {
    await listen();
    await expect(AgentServer.listen(runtime, undefined, desk, patience())).rejects.toMatchObject({
      findings: [{ code: 'agent-runs-already', evidence: { socket: path() } }],
    });
    await isServed();
  });

  test('is that of one agent, when several start at once', async () => {
    const started = await Promise.allSettled(
      Array.from({ length: 5 }, () => AgentServer.listen(runtime, undefined, desk, patience())),
    );
    const made = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    expect(made).toHaveLength(1);
    [server] = made;
    for (const one of started) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ findings: [{ code: 'agent-runs-already' }] });
    }
    await isServed();
    expect(readdirSync(join(runtime, 'agent'))).toEqual(['control.sock']);
  });

  test('that a killed agent left is replaced', async () => {
    await (await listen())[Symbol.asyncDispose]();
    // a killed agent removes no name; here the server removes the one where it listened, and the other name stays
    const dead = createServer();
    const elsewhere = `${path()}.dead`;
    await new Promise<void>((resolve) => dead.listen(elsewhere, resolve));
    linkSync(elsewhere, path());
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    expect(lstatSync(path()).isSocket()).toBe(true);
    await listen();
    await isServed();
    expect(readdirSync(join(runtime, 'agent'))).toEqual(['control.sock']);
  });

  test('of a later agent stays, when the former one ends late', async () => {
    const former = await listen();
    rmSync(path());
    const later = await AgentServer.listen(runtime, undefined, desk, patience());
    await former[Symbol.asyncDispose]();
    await isServed();
    await later[Symbol.asyncDispose]();
    expect(readdirSync(join(runtime, 'agent'))).toEqual([]);
  });

  test('that somebody removed is closed at the end, too', async () => {
    const made = await listen();
    const client = await Client.connect();
    const otherName = join(runtime, 'other.sock');
    linkSync(path(), otherName);
    rmSync(path());
    expect(await knockAt(otherName)).toBe('listens');
    await made[Symbol.asyncDispose]();
    expect(await knockAt(otherName)).toBe('refused');
    await client.closed();
  });

  test('is not made over a file', async () => {
    await (await listen())[Symbol.asyncDispose]();
    writeFileSync(path(), 'precious');
    await expect(AgentServer.listen(runtime, undefined, desk, patience())).rejects.toMatchObject({
      findings: [{ code: 'share-place-taken' }],
    });
    expect(lstatSync(path()).isFile()).toBe(true);
  });
});

describe('an answer', () => {
  test('goes to each request, with its id', async () => {
    await listen();
    const client = await Client.connect();
    client.send({ id: 1, do: 'look' }, { id: 2, do: 'what' }, 'no JSON\n', { id: 'x', do: 'accounts' });
    expect(await client.gets(4)).toMatchObject([
      { id: 1, done: true },
      { id: 2, error: expect.stringContaining('"do"') },
      { id: null, error: 'it is not JSON' },
      { id: 'x', accounts: ['all'] },
    ]);
    expect(looks).toBe(1);
  });

  test('comes when a request came in pieces, even within a character', async () => {
    await listen();
    const client = await Client.connect();
    for (const byte of Buffer.from('{"id":"ü🔌","do":"look"}\n')) client.send(Uint8Array.of(byte));
    expect(await client.gets(1)).toEqual([{ id: 'ü🔌', done: true }]);
  });

  test('to `hold` comes when all is done; others get theirs meanwhile', async () => {
    await listen();
    const client = await Client.connect();
    client.send({ id: 1, do: 'hold' }, { id: 2, do: 'look' });
    expect(await client.gets(1)).toEqual([{ id: 2, done: true }]);
    await isServed();
    release();
    expect((await client.gets(2))[1]).toEqual({ id: 1, held: true, left: [] });
  });

  test('to `hold` is not waited for when its client is gone', async () => {
    await listen();
    const client = await Client.connect();
    client.send({ id: 1, do: 'resume' });
    await poll(() => holds === 1, { interval: 1, signal: patience() });
    client.end();
    await poll(() => holds === 0, { interval: 1, signal: patience() });
    await isServed();
  });
});

describe('events', () => {
  const up = (vm: string): AgentEvent => ({ event: 'vm-up', vm });

  test('come from the number that a client asks for, or from now on, for all VMs or one', async () => {
    await listen();
    log.append([up('a'), up('b')], 'then');
    const [all, one, late] = [await Client.connect(), await Client.connect(), await Client.connect()];
    all.send({ id: 1, do: 'events', since: 1 });
    one.send({ id: 2, do: 'events', since: 1, vm: 'b' });
    late.send({ id: 3, do: 'events' }, { id: 4, do: 'look' });
    await late.gets(1);
    await all.gets(2);
    log.append([up('c'), up('b')], 'now');
    expect((await all.gets(4)).map(({ id, seq, vm }) => `${id} ${seq} ${vm}`)).toEqual([
      '1 1 a',
      '1 2 b',
      '1 3 c',
      '1 4 b',
    ]);
    expect((await one.gets(2)).map(({ id, seq, vm }) => `${id} ${seq} ${vm}`)).toEqual(['2 2 b', '2 4 b']);
    expect((await late.gets(3)).slice(1).map(({ id, seq }) => `${id} ${seq}`)).toEqual(['3 3', '3 4']);
  });

  test('reach one client in full while another one reads nothing, and loses some or its connection', async () => {
    await listen();
    const [quick, stuck] = [await Client.connect(), await Client.connect({ reads: false })];
    quick.send({ id: 1, do: 'events', since: 1 });
    stuck.send({ id: 2, do: 'events', since: 1 });
    const large = 'x'.repeat(2000);
    let sent = 0;
    while (sent < 15_000) {
      log.append(
        Array.from({ length: 500 }, () => up(large)),
        'now',
      );
      sent += 500;
      await quick.gets(sent);
    }
    expect(quick.documents.map(({ seq }) => seq)).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
    await isServed();
    let text = '';
    stuck.socket.setEncoding('utf8');
    stuck.socket.on('data', (more: string) => {
      text += more;
    });
    stuck.socket.resume();
    await poll(() => stuck.isClosed || text.includes('"resync"') || undefined, { interval: 1, signal: patience() });
  });

  test('to a client that reads late end with the newest one, and leave no listener behind', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    try {
      await listen();
      const client = await Client.connect();
      client.send(...Array.from({ length: 12 }, (_, id) => ({ id, do: 'events', since: 1 })), { id: 'x', do: 'look' });
      await client.gets(1);
      const large = 'x'.repeat(20_000);
      for (let times = 1; times <= 20; times++) {
        client.socket.pause();
        log.append(
          Array.from({ length: 10 }, () => up(large)),
          'now',
        );
        client.socket.resume();
        await client.gets(1 + times * 10 * 12);
      }
      expect(client.isClosed).toBe(false);
      // a warning is told in a later turn of the loop
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', warn);
    }
  });
});

describe('a client that means harm', () => {
  test.each([
    ['one huge line', (client: Client) => client.send('x'.repeat(200_000))],
    ['one huge line that is a request', (client: Client) => client.send({ do: 'look', id: 'x'.repeat(70_000) })],
    ['huge lines', (client: Client) => client.send(`${'x'.repeat(70_000)}\n`.repeat(100))],
    [
      'bytes without an end',
      (client: Client) => client.send(...Array.from({ length: 50 }, () => Buffer.alloc(65_536, 0xff))),
    ],
  ])('sends %s, and is cut off', async (_, harm) => {
    await listen();
    const client = await Client.connect();
    harm(client);
    await client.closed();
    expect(looks).toBe(0);
    await isServed();
  });

  test('sends anything, and others are served', async () => {
    await listen();
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom('accounts', 'look', 'events', 1, -1, 'a'));
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc
        .record({ id: member, do: member, since: member, vm: member }, { requiredKeys: [] })
        .map((one) => `${JSON.stringify(one)}\n`),
      fc.constantFrom('\n', '\n\n\n', '\0', '{', '[', '"'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), async (lines) => {
        const client = await Client.connect();
        client.send(...lines, '\n', { id: 'last', do: 'look' });
        await poll(() => client.documents.some(({ id }) => id === 'last') || client.isClosed, {
          interval: 1,
          signal: patience(),
        });
        expect(client.isClosed).toBe(false);
        client.end();
      }),
      { numRuns: runs(60) },
    );
    await isServed();
  });

  test('asks on and on, reads nothing, and is cut off', async () => {
    await listen();
    const client = await Client.connect({ reads: false });
    const many = `${JSON.stringify({ id: 'x'.repeat(500), do: 'accounts' })}\n`.repeat(100);
    let isWritten = true;
    await poll(
      () => {
        if (isWritten && !client.socket.destroyed) {
          isWritten = false;
          client.socket.write(many, () => {
            isWritten = true;
          });
        }
        return client.isClosed;
      },
      { interval: 1, signal: patience() },
    );
    await isServed();
  });

  test('begins more than it may, and is told so', async () => {
    await listen();
    const client = await Client.connect();
    client.send(...Array.from({ length: 100 }, (_, id) => ({ id, do: id % 2 === 0 ? 'hold' : 'events' })));
    const refused = await client.gets(84);
    expect(refused).toHaveLength(84);
    for (const one of refused) expect(one).toMatchObject({ error: expect.stringContaining('16 requests') });
    expect(holds).toBe(8);
    client.end();
    await poll(() => holds === 0, { interval: 1, signal: patience() });
    await isServed();
  });

  test('comes a hundred times: those that have come are served, and after them others', async () => {
    await listen();
    const many = await Promise.all(Array.from({ length: 100 }, () => Client.connect()));
    for (const [id, client] of many.entries()) client.send({ id, do: 'look' });
    await poll(() => many.every((client) => client.lines.length > 0 || client.isClosed), {
      interval: 1,
      signal: patience(),
    });
    const served = many.filter((client) => client.lines.length > 0);
    expect(served).toHaveLength(64);
    for (const client of many) client.end();
    await poll(
      async () => {
        const client = await Client.connect();
        client.send({ id: 1, do: 'look' });
        const answers = await client.gets(1);
        client.end();
        return answers.length === 1;
      },
      { interval: 10, signal: patience() },
    );
  });
});

test('the end of the server ends its clients, whatever they are doing', async () => {
  const made = await listen();
  const idle = await Client.connect();
  const [reading, holding, stuck] = [
    await Client.connect(),
    await Client.connect(),
    await Client.connect({ reads: false }),
  ];
  reading.send({ id: 1, do: 'events' }, { id: 2, do: 'look' });
  holding.send({ id: 1, do: 'hold' });
  stuck.send({ id: 1, do: 'events', since: 1 });
  log.append(
    Array.from({ length: 5000 }, () => ({ event: 'vm-up', vm: 'x'.repeat(500) }) as const),
    'now',
  );
  await reading.gets(1);
  await poll(() => holds === 1, { interval: 1, signal: patience() });
  await made[Symbol.asyncDispose]();
  for (const client of [idle, reading, holding]) await client.closed();
  expect(holds).toBe(0);
});
