import { describe, expect, test } from 'vitest';
import { guardWords } from '../../../../src/diag/index.js';
import { UNSAFE } from '../../diag/unsafe.js';
import { deviceAt, guardsAt } from './host-tree.js';
import { H, HOSTILE } from './hostile-host.js';

describe('hostile names', () => {
  test('stay as they are in guards, and are made safe in words', () => {
    const guards = guardsAt(deviceAt('2-1'), HOSTILE);
    expect(guards.map(({ kind }) => kind)).toEqual(['mount', 'swap', 'keyboard', 'route', 'serial', 'in-use']);
    expect(JSON.stringify(guards)).toContain(JSON.stringify(H).slice(1, -1));
    for (const guard of guards) {
      const { subject, breaks, mend } = guardWords(guard);
      expect(`${subject} ${breaks} ${mend?.command}`).not.toMatch(UNSAFE);
    }
  });
});
