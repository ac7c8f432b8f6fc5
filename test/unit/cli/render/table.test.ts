import { describe, expect, test } from 'vitest';
import { table } from '../../../../src/cli/render/table.js';

describe('table', () => {
  const rows = [
    ['A', 'LONG', 'LAST'],
    ['aaa', 'b', 'the last column is as long as it is'],
    ['', 'bb', ''],
  ];

  test('aligns columns and leaves no space at the end of a line', () => {
    expect(table(rows)).toBe('A    LONG  LAST\naaa  b     the last column is as long as it is\n     bb');
  });

  test('cuts the last column to the terminal', () => {
    expect(table(rows, { columns: 30 }).split('\n')[1]).toBe('aaa  b     the last column is…');
  });

  test('leaves some of the last column however narrow the terminal is', () => {
    expect(table(rows, { columns: 1 }).split('\n')[1]).toBe('aaa  b     the last co…');
  });

  test('paints the heading alone', () => {
    expect(table([['H'], ['x']], { paint: (text) => `<${text}>` })).toBe('<H>\nx');
  });
});
