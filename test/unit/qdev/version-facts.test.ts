import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BOARDS, VERSION_FACTS } from '../../../src/qdev/index.js';

const DOCS = readFileSync(new URL('../../../docs/qemu-model.md', import.meta.url), 'utf8');

describe('docs/qemu-model.md', () => {
  test('shows every fact that is looked up by version, and no other', () => {
    const rows = [...DOCS.matchAll(/^\| (\d+\.\d+) \| (.+) \|$/gm)].map((match) => `${match[1]} ${match[2]}`);
    expect(rows).toEqual(Object.values(VERSION_FACTS).map(({ since, what }) => `${since.join('.')} ${what}`));
  });

  test('names every board that differs by version', () => {
    const text = DOCS.replaceAll('\n', ' ');
    for (const { machines, since } of BOARDS) {
      if (since === undefined) continue;
      const [first = ''] = machines;
      expect(text, first).toContain(first.startsWith('ast2700') ? 'ast2700' : first);
      expect(text, first).toContain(` ${since.join('.')} on`);
    }
  });
});
