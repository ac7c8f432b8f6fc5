import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../../../src/agent/api/index.js';
import { runs } from '../../runs.js';

describe('a line that is a request', () => {
  test.each([
    ['{"do":"accounts"}', { id: null, do: 'accounts' }],
    ['{"do":"look","id":0}', { id: 0, do: 'look' }],
    ['{"do":"hold","id":"x"}', { id: 'x', do: 'hold' }],
    [' {"id":null,"do":"resume"}\r', { id: null, do: 'resume' }],
    ['{"do":"events","id":1}', { id: 1, do: 'events', since: undefined, vm: undefined }],
    ['{"do":"events","since":0,"vm":""}', { id: null, do: 'events', since: 0, vm: '' }],
  ])('%s', (line, request) => {
    expect(parseRequest(line)).toEqual(request);
  });
});

describe('a line that is none', () => {
  test.each([
    ['', null, 'it is not JSON'],
    ['{"do":"accounts"', null, 'it is not JSON'],
    ['{"do":"accounts"}{}', null, 'it is not JSON'],
    ['null', null, 'it is not an object'],
    ['7', null, 'it is not an object'],
    ['"accounts"', null, 'it is not an object'],
    ['[{"do":"accounts"}]', null, 'it is not an object'],
    ['{"do":"accounts","id":{}}', null, '"id" is not a text or a number'],
    ['{"do":"accounts","id":true}', null, '"id" is not a text or a number'],
    ['{"id":5}', 5, '"do" is none of accounts, look, hold, resume, events'],
    ['{"id":5,"do":["accounts"]}', 5, '"do" is none of accounts, look, hold, resume, events'],
    ['{"id":5,"do":"constructor"}', 5, '"do" is none of accounts, look, hold, resume, events'],
    ['{"id":5,"do":"look","more":1}', 5, 'it has members that no request has'],
    ['{"id":5,"do":"look","__proto__":{"vm":"a"}}', 5, 'it has members that no request has'],
    ['{"id":5,"do":"look","since":1}', 5, '"since" and "vm" belong to "events"'],
    ['{"id":5,"do":"hold","vm":"a"}', 5, '"since" and "vm" belong to "events"'],
    ['{"id":5,"do":"events","since":-1}', 5, '"since" is not a count'],
    ['{"id":5,"do":"events","since":1.5}', 5, '"since" is not a count'],
    ['{"id":5,"do":"events","since":1e300}', 5, '"since" is not a count'],
    ['{"id":5,"do":"events","since":"1"}', 5, '"since" is not a count'],
    ['{"id":5,"do":"events","since":null}', 5, '"since" is not a count'],
    ['{"id":5,"do":"events","vm":1}', 5, '"vm" is not a text'],
    ['['.repeat(60_000), null, 'it is not JSON'],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, null, 'it is not an object'],
  ])('%.60s', (line, id, wrong) => {
    expect(parseRequest(line)).toEqual({ id, wrong });
  });
});

test('any text gives a request or a reason, and never an exception', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.object().map((one) => JSON.stringify(one)),
  );
  fc.assert(
    fc.property(line, (text) => {
      const request = parseRequest(text);
      expect('wrong' in request || 'do' in request).toBe(true);
      expect(request.id === null || ['string', 'number'].includes(typeof request.id)).toBe(true);
    }),
    { numRuns: runs(500) },
  );
});
