import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJournal } from '../../src/registry/journal/journal-record.js';
import { parseAssignmentRecord } from '../../src/registry/state/assignment-record.js';
import { parseVmRecord } from '../../src/registry/vms/vm-record.js';
import { runs } from '../unit/runs.js';

const HEAD = '{"format":1,"kind":"attach","vm":"bench","socket":"/run/x","steps":[{"do":"add"}],"recover":"undo"}';
const lines = [
  HEAD,
  '{"step":0,"is":"doing"}',
  '{"step":0,"is":"done"}',
  '{"is":"committed"}',
  '{"step":-1,"is":"done"}',
  'null',
  '[]',
  '',
];

const text = fc.oneof(
  fc
    .array(fc.oneof(fc.constantFrom(...lines), fc.json({ maxDepth: 2 }), fc.string({ unit: 'binary' })), {
      maxLength: 6,
    })
    .map((parts) => parts.join('\n')),
  fc.tuple(fc.constantFrom(HEAD), fc.nat(200)).map(([whole, cut]) => whole.slice(0, cut)),
  fc
    .dictionary(
      fc.constantFrom('format', 'kind', 'vm', 'socket', 'steps', 'recover', 'name', 'qemu', 'launcher'),
      fc.jsonValue(),
    )
    .map((value) => JSON.stringify(value)),
);

test('a journal of any content is an entry with whole marks, or none', () => {
  fc.assert(
    fc.property(text, (content) => {
      const read = parseJournal(content);
      if (typeof read === 'string') return;
      expect(read.head.format).toBe(1);
      for (const mark of read.marks) expect(Object.keys(mark)).toContain('is');
    }),
    { numRuns: runs(1000) },
  );
});

test('a record of any content is a VM, or none', () => {
  fc.assert(
    fc.property(text, (content) => {
      expect([undefined, 'string']).toContain(typeof parseVmRecord(content)?.name === 'string' ? 'string' : undefined);
    }),
    { numRuns: runs(1000) },
  );
});

const part = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(1, 'bench', '/run/x', '0781:5567', '2026-01-01T00:00:00.000Z', ['2e8a:*']),
);
const near = fc.record({
  format: fc.constantFrom(1, 1, 2, '1'),
  vm: fc.oneof(fc.constant('bench'), part),
  socket: fc.option(part, { nil: undefined }),
  assignments: fc.oneof(
    part,
    fc.array(
      fc.record({ id: part, select: part, made: part, also: part, hold: part, ask: part }, { requiredKeys: ['id'] }),
    ),
  ),
});

test('assignments of any content are a record whose parts are whole, or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        near.map((one) => JSON.stringify(one)),
      ),
      (content) => {
        const record = parseAssignmentRecord(content);
        if (typeof record === 'string') return;
        expect(parseAssignmentRecord(JSON.stringify(record))).toEqual(record);
        for (const { id, select, made } of record.assignments) {
          expect([Number.isInteger(id), typeof select, Date.parse(made) > 0]).toEqual([true, 'string', true]);
        }
      },
    ),
    { numRuns: runs(1000) },
  );
});
