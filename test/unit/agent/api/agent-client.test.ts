import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askAgent } from '../../../../src/agent/api/index.js';
import { patience } from '../../../patience.js';

let runtime: string;
let server: Server | undefined;
const sockets = new Set<Socket>();
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'qplug-ask-'));
  mkdirSync(join(runtime, 'agent'));
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  rmSync(runtime, { recursive: true });
});

const path = (): string => join(runtime, 'agent/control.sock');

/** Something listens where the agent should. */
async function listen(answer: (socket: Socket) => void): Promise<void> {
  const made = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    answer(socket);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(path(), resolve));
}

const answers = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));

/** Asks, and takes so many answers. */
async function take(count: number, request: object = { do: 'accounts' }, signal = patience()): Promise<object[]> {
  const taken: object[] = [];
  for await (const answer of askAgent(runtime, request, signal)) {
    taken.push(answer);
    if (taken.length === count) break;
  }
  return taken;
}

test('sends a request with an id, in a line', async () => {
  let heard = '';
  await listen((socket) =>
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.endsWith('\n')) socket.write('{"id":1}\n');
    }),
  );
  await take(1, { do: 'events', since: 3 });
  expect(heard).toBe('{"id":1,"do":"events","since":3}\n');
});

test('gives each line, in whatever pieces it comes', async () => {
  await listen((socket) => {
    void (async () => {
      for (const byte of Buffer.from('{"a":"ü"}\n{"b":2}\n'))
        await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
    })();
  });
  expect(await take(2)).toEqual([{ a: 'ü' }, { b: 2 }]);
});

describe('no agent runs', () => {
  test.each<[string, () => void]>([
    ['nothing is there', () => undefined],
    ['its folder is not there', () => rmSync(join(runtime, 'agent'), { recursive: true })],
    ['a file is there', () => writeFileSync(path(), '')],
  ])('%s', async (_, make) => {
    make();
    await expect(take(1)).rejects.toMatchObject({ findings: [{ code: 'agent-not-running' }] });
  });
});

describe('what listens is no agent, or ends', () => {
  test.each([
    ['an end without an answer', ''],
    ['half a line', '{"id":1'],
    ['no JSON', 'what\n'],
    ['an empty line', '\n'],
    ['a number', '1\n'],
    ['null', 'null\n'],
    ['bytes', '\xff\xfe\n'],
    ['too much without an end', 'x'.repeat(17 * 1024 * 1024)],
  ])('%s', async (_, text) => {
    await listen(answers(text));
    await expect(take(1)).rejects.toMatchObject({ findings: [{ code: 'agent-lost' }] });
  });

  test('an end while the request is still being sent', async () => {
    await listen((socket) =>
      socket.once('data', () => {
        socket.pause();
        socket.destroy();
      }),
    );
    const large = { do: 'events', vm: 'x'.repeat(8 * 1024 * 1024) };
    await expect(take(1, large)).rejects.toMatchObject({ findings: [{ code: 'agent-lost' }] });
  });
});

describe('the signal', () => {
  test('ends the reading, without an error', async () => {
    const end = new AbortController();
    await listen((socket) => socket.once('data', () => end.abort()));
    expect(await take(1, { do: 'events' }, end.signal)).toEqual([]);
  });

  test('that has aborted before begins none', async () => {
    await listen(() => undefined);
    expect(await take(1, { do: 'events' }, AbortSignal.abort())).toEqual([]);
  });
});
