import { describe, expect, test } from 'vitest';
import { speedText } from '../../../../src/view/text/speed-text.js';

describe('speeds', () => {
  test.each([
    [1.5, '1.5M'],
    [12, '12M'],
    [480, '480M'],
    [5000, '5G'],
    [20000, '20G'],
    [undefined, '?'],
  ])('%s Mb/s is %s', (megabits, words) => {
    expect(speedText(megabits)).toBe(words);
  });
});
