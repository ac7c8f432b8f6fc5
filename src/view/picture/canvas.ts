import { width as columnsOf, shorten } from '../text/index.js';
import {
  type Box,
  type BoxLine,
  columnsIn,
  type Font,
  type Item,
  type Point,
  type Port,
  textWidth,
  type Wire,
} from './geometry.js';

/** Pixels from the edge of a box to its text. */
export const PADDING = 9;

/** Pixels from one base line to the next. */
export const LINE = 15;

/** Pixels from the top of a box to the first base line. */
const FIRST = 17;

/** Pixels at the left of a box for a sign that marks it as special. */
const SIGN = 18;

/** Text for a box: its font, and the text after it on the same line if there is room. */
export interface LineWords {
  readonly font: Font;
  readonly text: string;
  readonly after?: string | undefined;
}

/** Collects the items of a picture, fits texts into their boxes, and keeps track of the rightmost pixel in use. */
export class Canvas {
  readonly #items: Item[] = [];
  #right = 0;

  get items(): readonly Item[] {
    return this.#items;
  }

  /** The rightmost pixel that is used. */
  get right(): number {
    return this.#right;
  }

  /** A box with lines of text, each shortened to what fits. */
  box({ lines, ...box }: Omit<Box, 'item' | 'lines'> & { readonly lines: readonly LineWords[] }): void {
    const x = PADDING + (hasSign(box) ? SIGN : 0);
    const room = box.width - x - PADDING;
    const filled = lines.filter(({ text, after = '' }) => text !== '' || after !== '');
    // a single line goes in the middle of a low box
    const first = filled.length === 1 && box.height < 3 * LINE ? box.height / 2 + 4 : FIRST;
    const fitted = filled.flatMap((line, index) => fitLine(line, x, first + index * LINE, room));
    this.#add({ item: 'box', ...box, lines: fitted });
  }

  port(port: Omit<Port, 'item'>): void {
    this.#add({ item: 'port', ...port });
  }

  wire(wire: Omit<Wire, 'item'>): void {
    this.#items.push({ item: 'wire', ...wire });
  }

  /** @param room - in pixels; a longer text is shortened */
  words(text: string, { x, y }: Point, font: Font, room: number): void {
    const shown = shorten(text, columnsIn(room, font));
    this.#items.push({ item: 'words', x, y, font, text: shown });
    this.#right = Math.max(this.#right, x + Math.ceil(textWidth(columnsOf(shown), font)));
  }

  #add(item: Box | Port): void {
    this.#items.push(item);
    this.#right = Math.max(this.#right, item.x + item.width);
  }
}

/** @returns whether a box has a sign at its left */
export function hasSign({ kind, look }: Pick<Box, 'kind' | 'look'>): boolean {
  return kind === 'refused' || (kind === 'device' && look !== 'there');
}

function fitLine({ font, text, after }: LineWords, x: number, y: number, room: number): BoxLine[] {
  const shown = shorten(text, columnsIn(room, font));
  const line = { x, y, font, text: shown };
  if (after === undefined) return shown === '' ? [] : [line];
  const taken = shown === '' ? 0 : Math.ceil(textWidth(columnsOf(shown) + 1, font));
  const rest = { x: x + taken, y, font: 'small', text: shorten(after, columnsIn(room - taken, 'small')) } as const;
  return [line, rest].filter((one) => one.text !== '');
}
