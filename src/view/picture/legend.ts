import { megabits, SPEEDS } from '../../qdev/index.js';
import { width as columnsOf, speedText } from '../text/index.js';
import type { Canvas } from './canvas.js';
import { type Item, type Point, type Port, textWidth } from './geometry.js';

const ROW = 24;
const WIRE = 64;

/**
 * Explains those kinds of wires and ports that the picture has.
 *
 * @returns the y of its lower edge
 */
export function layLegend(canvas: Canvas, at: Point, width: number): number {
  const { items } = canvas;
  const speeds = SPEEDS.filter((speed) => items.some((item) => item.item === 'wire' && item.speed === speed));
  const keeps = KEEPS.filter(([keep]) => items.some((item: Item) => item.item === 'port' && item.keep === keep));
  let { x, y } = at;
  const room = (needed: number): void => {
    if (x > at.x && x + needed > at.x + width) {
      x = at.x;
      y += ROW;
    }
  };
  for (const speed of speeds) {
    const words = NAMES[speed];
    const needed = WIRE + 6 + Math.ceil(textWidth(columnsOf(words), 'small'));
    room(needed);
    canvas.wire({ x, y: y + 10, length: WIRE, speed, label: speedText(megabits(speed)) });
    canvas.words(words, { x: x + WIRE + 6, y: y + 14 }, 'small', needed);
    x += needed + 20;
  }
  for (const [keep, words] of keeps) {
    const needed = 32 + Math.ceil(textWidth(columnsOf(words), 'small'));
    room(needed);
    const sample = { bus: '', path: undefined, label: '', tip: words };
    canvas.port({ ...sample, keep, x, y, width: 26, height: 20 });
    canvas.words(words, { x: x + 32, y: y + 14 }, 'small', needed);
    x += needed + 20;
  }
  return x === at.x ? y : y + 20;
}

const NAMES = { low: 'low speed', full: 'full speed', high: 'high speed', super: 'SuperSpeed' } as const;

const KEEPS: readonly (readonly [Port['keep'], string])[] = [
  ['anyone', 'free'],
  ['fast', 'free, kept for fast devices'],
  ['absent', 'free, kept for a device that is away'],
];
