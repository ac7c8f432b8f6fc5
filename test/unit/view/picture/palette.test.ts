import { describe, expect, test } from 'vitest';
import { DARK, LIGHT, type Palette } from '../../../../src/view/picture/palette.js';

type Rgb = readonly [number, number, number];

/** Linear light of `#rrggbb` (sRGB, IEC 61966-2-1). */
function linear(color: string): Rgb {
  const part = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

/** Contrast as WCAG 2 reckons it: 1 to 21. */
function contrast(a: string, b: string): number {
  const light = (color: string): number => {
    const [red, green, blue] = linear(color);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, bright = 0] = [light(a), light(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

/** What people without one kind of cone see (Machado, Oliveira, Fernandes 2009, severity 1), in linear light. */
const SIGHTS: Readonly<Record<string, readonly Rgb[]>> = {
  everyone: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Distance in CIE L*a*b* (D65): 2 can just be told apart side by side. */
function distance(a: string, b: string, sight: readonly Rgb[]): number {
  const lab = (color: string): Rgb => {
    const rgb = linear(color);
    const [r = 0, g = 0, blue = 0] = sight.map((row) =>
      row.reduce((sum, weight, index) => sum + weight * (rgb[index] ?? 0), 0),
    );
    const f = (value: number): number =>
      value > 216 / 24389 ? Math.cbrt(value) : (value * 24389) / 27 / 116 + 16 / 116;
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * blue) / 0.95047);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * blue);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * blue) / 1.08883);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const [left, right] = [lab(a), lab(b)];
  return Math.hypot(left[0] - right[0], left[1] - right[1], left[2] - right[2]);
}

const SPEEDS = ['low', 'full', 'high', 'super'] as const;
const PAIRS = SPEEDS.flatMap((a, index) => SPEEDS.slice(index + 1).map((b) => [a, b] as const));

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
] as const)('the %s colours', (_name, palette: Palette) => {
  test('can be read: text has a contrast of 4.5, lines of 3', () => {
    for (const ground of [palette.paper, palette.block]) {
      for (const ink of [palette.ink, palette.muted]) expect(contrast(ink, ground)).toBeGreaterThan(4.5);
      expect(contrast(palette.edge, ground)).toBeGreaterThan(3);
    }
    for (const ink of [palette.slower, palette.refused]) expect(contrast(ink, palette.paper)).toBeGreaterThan(4.5);
    for (const line of [...SPEEDS, 'added'] as const) expect(contrast(palette[line], palette.paper)).toBeGreaterThan(3);
  });

  test.each(Object.entries(SIGHTS))('speeds can be told apart by colour: %s', (_sight, matrix) => {
    const near = PAIRS.filter(([a, b]) => distance(palette[a], palette[b], matrix) < 12);
    expect(near).toEqual([]);
  });
});
