import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentAnswerSchema, agentApiPage, agentRequestSchema } from '../../documents/agent-api-page.js';
import { blocks } from '../../documents/documents.js';
import { LineClient } from '../agent/api/line-client.js';
import { type RealAgent, startRealAgent } from '../agent/real-agent.js';
import { documentOf } from '../cli/fake-terminal.js';
import { lineErrors, schemaErrors } from '../view/documents/schemas.js';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/agent-api.md'), 'utf8');
const schema = (name: string): unknown => JSON.parse(readFileSync(join(root, `schemas/${name}.schema.json`), 'utf8'));

test('docs/agent-api.md and its schemas are what node scripts/agent-api.mjs makes', () => {
  expect(page).toBe(agentApiPage());
  expect(schema('agent-request')).toEqual(agentRequestSchema());
  expect(schema('agent-answer')).toEqual(agentAnswerSchema(root));
});

const examples = blocks(page, 'json').map((text) => JSON.parse(text) as { readonly do: string; readonly id: number });

test('the page has an example of each request', () => {
  expect(examples.length).toBeGreaterThan(28);
  for (const example of examples) expect(lineErrors('agent-request', example)).toEqual([]);
});

describe('with an agent on a host without VMs', () => {
  let real: RealAgent;
  beforeAll(async () => {
    // no QEMU is found: nothing starts
    const env = { PATH: '/nowhere' };
    real = await startRealAgent();
    Object.assign(real.terminal.env, env);
  });
  afterAll(() => real[Symbol.asyncDispose]());

  test.each(examples)('the example of $do gets an answer as promised', async (request) => {
    using client = await LineClient.connect(real.control);
    // this one waits
    client.send(request.do === 'wait' ? { ...request, options: { timeout: 0.1 } } : request);
    const [answer] = await client.gets(1);
    expect(answer).toMatchObject({ id: 1 });
    expect(lineErrors('agent-answer', answer)).toEqual([]);
    for (const progress of client.answers) expect(lineErrors('agent-answer', progress)).toEqual([]);
    if (
      !('words' in request || 'options' in request) &&
      ['accounts', 'events', 'look', 'hold', 'resume'].includes(request.do)
    )
      return;
    expect(answer).toHaveProperty('document');
    expect(schemaErrors(answer?.['document'])).toEqual([]);
  });

  test.each([
    ['devices', {}],
    ['list', {}],
    ['claims', {}],
    ['assignments', {}],
    ['plan', { words: { vm: '/srv/vms/bench.yaml' } }],
    ['status', { words: { vm: 'bench' } }],
  ])(
    '%s gives the document and the exit code of --json',
    async (verb, request: { readonly words?: { readonly vm: string } }) => {
      const { sysfs, env, uid } = real.terminal;
      const words = [verb, ...Object.values(request.words ?? {})];
      const document = await documentOf(words, { ...(sysfs && { sysfs }), env, uid });
      using client = await LineClient.connect(real.control);
      const exit = document['exit'] ?? 0;
      expect(await client.ask({ do: verb, ...request })).toEqual({ id: 'ask 0', exit, document });
    },
  );

  test('a watcher gets what the page says, and no more', async () => {
    const [, offered = ''] =
      /It offers `accounts`, `events`, and without words and options: (.*?)\. Here/s.exec(page) ?? [];
    const verbs = [...offered.matchAll(/`([a-z]+)`/g)].map(([, verb]) => verb ?? '');
    expect(verbs).toEqual(['devices', 'claims', 'assignments']);
    using client = await LineClient.connect(real.watch);
    for (const verb of verbs) {
      const answer = await client.ask({ do: verb });
      expect(answer).toMatchObject({ exit: 0, document: { schema: `urn:qplug:${verb}:1` } });
      expect(lineErrors('agent-answer', answer)).toEqual([]);
    }
    for (const { id: _, ...request } of examples) {
      if (['accounts', 'events', ...verbs].includes(request.do)) continue;
      expect(await client.ask(request)).toMatchObject({
        error: expect.stringContaining('is not offered on this socket'),
      });
    }
    expect(await client.ask({ do: 'devices', options: { host: '/etc/shadow' } })).toMatchObject({
      error: 'devices has no option "host": it has none',
    });
    expect(await client.ask({ do: 'assignments', words: { vm: '/etc/shadow' } })).toMatchObject({
      error: 'assignments has no word "vm": it has none',
    });
  });
});
