import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../src/base/index.js';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { patience } from '../patience.js';
import { LineClient } from '../unit/agent/api/line-client.js';
import { type RealAgent, startRealAgent } from '../unit/agent/real-agent.js';
import { runs } from '../unit/runs.js';
import { lineErrors } from '../unit/view/documents/schemas.js';

/*
 * A real agent with all commands, on a recorded host without VMs. Clients send it anything; a second client, which behaves, is served meanwhile.
 */
let real: RealAgent;
beforeAll(async () => {
  real = await startRealAgent();
});
afterAll(() => real[Symbol.asyncDispose]());

/** The agent goes on: a client that behaves gets its answers. */
async function isServed(): Promise<void> {
  using client = await LineClient.connect(real.control);
  expect(await client.ask({ do: 'accounts' })).toMatchObject({ held: expect.any(Boolean) });
  expect(await client.ask({ do: 'claims' })).toMatchObject({ exit: 0 });
}

/** Not `events` alone, which never end; nor what starts programs or waits for a guest. */
const VERBS = COMMANDS.map(({ name }) => name).filter((name) => !['events', 'doctor', 'wait'].includes(name));
const NAMES = [
  ...new Set(COMMANDS.flatMap(({ words, options }) => [...words.map(({ name }) => name), ...Object.keys(options)])),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'length'],
];

const word = fc.oneof(
  fc.constantFrom(
    'bench',
    '/nowhere/a.yaml',
    '/nowhere/a.sock',
    './a',
    '1-2',
    '0781:5567',
    'save',
    'allow',
    '',
    '\0',
    '-',
    '--',
  ),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const value = fc.oneof(
  word,
  fc.array(word, { maxLength: 3 }),
  fc.double(),
  fc.boolean(),
  fc.jsonValue({ maxDepth: 2 }),
);
const members = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 4 });
const verb = fc.oneof(
  fc.constantFrom(...VERBS, 'accounts', 'look', 'resume'),
  fc.constantFrom('__proto__', 'constructor', 'command', 'help', ''),
  fc.jsonValue({ maxDepth: 1 }),
);

/** From noise to almost a request, without line breaks. */
const line = fc
  .oneof(
    {
      arbitrary: fc.record({ id: fc.integer(), do: verb, words: members, options: members }, { requiredKeys: ['do'] }),
      weight: 6,
    },
    {
      arbitrary: fc.dictionary(fc.constantFrom('id', 'do', 'words', 'options', 'since', 'vm', '__proto__'), value),
      weight: 2,
    },
    { arbitrary: fc.jsonValue(), weight: 1 },
  )
  .map((one) => JSON.stringify(one))
  .chain((text) =>
    fc.oneof(
      { arbitrary: fc.constant(text), weight: 8 },
      { arbitrary: fc.nat(text.length).map((end) => text.slice(0, end)), weight: 1 },
      { arbitrary: fc.string({ unit: 'binary' }).map((noise) => noise.replaceAll('\n', ' ')), weight: 1 },
      { arbitrary: fc.nat(10_000).map((depth) => '{"do":'.repeat(depth / 2) + '['.repeat(depth)), weight: 1 },
    ),
  )
  // a subscription has no last answer
  .filter((text) => !/"do":\s*"(events|hold)"/.test(text));

test('every complete line gets one final answer, as promised, in whatever pieces it comes', async () => {
  const pieces = fc.array(fc.nat(), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), pieces, async (lines, cuts) => {
      using client = await LineClient.connect(real.control);
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      const offsets = [0, ...cuts.map((one) => one % bytes.length).sort((a, b) => a - b), bytes.length];
      for (const [index, end] of offsets.slice(1).entries()) client.socket.write(bytes.subarray(offsets[index], end));
      await client.gets(lines.length);
      expect(client.isClosed).toBe(false);
      client.send({ id: 'last', do: 'accounts' });
      const finals = await client.gets(lines.length + 1);
      expect(finals).toHaveLength(lines.length + 1);
      expect(finals.at(-1)).toMatchObject({ id: 'last', accounts: expect.anything() });
      for (const answer of client.answers) expect(lineErrors('agent-answer', answer)).toEqual([]);
      await isServed();
    }),
    { numRuns: runs(60) },
  );
});

test('a watcher can ask for nothing that is not offered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
      using client = await LineClient.connect(real.watch);
      client.socket.write(`${lines.join('\n')}\n`);
      for (const answer of await client.gets(lines.length)) {
        const { document, accounts, error } = answer as {
          document?: { schema: string };
          accounts?: unknown;
          error?: unknown;
        };
        const isOffered = /^urn:qplug:(devices|claims|assignments):1$/.test(document?.schema ?? '');
        expect(isOffered || accounts !== undefined || error !== undefined, JSON.stringify(answer)).toBe(true);
      }
    }),
    { numRuns: runs(60) },
  );
});

test.each([
  ['a line without an end', () => 'x'.repeat(200_000)],
  ['many requests at once', () => `${JSON.stringify({ id: 'x'.repeat(1000), do: 'devices' })}\n`.repeat(3000)],
  ['many wrong lines', () => '{}\n'.repeat(200_000)],
  ['many large wrong lines', () => `${'['.repeat(60_000)}\n`.repeat(200)],
])('%s, of which the client reads nothing, cost it its connection at most', async (_, make) => {
  using stuck = await LineClient.connect(real.control);
  stuck.socket.pause();
  for (let times = 0; times < 5 && !stuck.isClosed; times++) {
    stuck.socket.write(make());
    await isServed();
  }
});

test('clients that go in the middle leave nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (lines) => {
      const client = await LineClient.connect(real.control);
      client.socket.write(`${lines.join('\n')}\n`, () => client[Symbol.dispose]());
      await client.closed();
      await isServed();
    }),
    { numRuns: runs(40) },
  );
  // each of the 64 places for commands is free again, as soon as the last one has undone what it had begun
  const clients = await Promise.all(Array.from({ length: 8 }, () => LineClient.connect(real.control)));
  await poll(
    async () => {
      const asked = clients.flatMap((client) => Array.from({ length: 8 }, () => client.ask({ do: 'list' })));
      return (await Promise.all(asked)).every(({ exit }) => exit === 0);
    },
    { interval: 10, signal: patience() },
  );
  for (const client of clients) client[Symbol.dispose]();
});
