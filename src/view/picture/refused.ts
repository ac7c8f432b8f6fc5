import { wrap } from '../text/index.js';
import { type Canvas, LINE } from './canvas.js';
import { columnsIn, type Point } from './geometry.js';
import type { RefusedDevice } from './scene.js';

const GAP = 8;

/**
 * Devices that have no port, each with the reason and what would change it.
 *
 * @returns the y of the lower edge of the last one
 */
export function layRefused(canvas: Canvas, refused: readonly RefusedDevice[], at: Point, width: number): number {
  const heading = refused.length === 1 ? 'One device has no port' : `${refused.length} devices have no port`;
  canvas.words(heading, { x: at.x, y: at.y + 12 }, 'refused', width);
  let y = at.y + 22;
  for (const { label, why, fix } of refused) {
    const columns = columnsIn(width - 50, 'small');
    const reasons = [
      ...wrap(why, columns),
      ...(fix === undefined ? [] : `fix: ${fix}`.split('\n').flatMap((line) => wrap(line, columns))),
    ];
    const lines = [
      { font: 'name' as const, text: label },
      ...reasons.map((text) => ({ font: 'small' as const, text })),
    ];
    const height = 10 + lines.length * LINE;
    const tip = `no port for ${label}: ${why}`;
    canvas.box({ kind: 'refused', look: 'there', x: at.x, y, width, height, lines, tip });
    y += height + GAP;
  }
  return y - GAP;
}
