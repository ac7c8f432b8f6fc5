import type { Speed } from '../../qdev/index.js';
import type { DeviceLook } from '../tree/index.js';

/** A picture as boxes, wires and texts with their places in pixels; what is left is to spell it. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** The picture in a sentence, for those who can't see it. */
  readonly description: string;
  readonly items: readonly Item[];
}

export type Item = Box | Port | Wire | Words;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A controller, hub, device, or a device that has no port. Its lines stand inside. */
export interface Box extends Place {
  readonly item: 'box';
  readonly kind: 'controller' | 'hub' | 'device' | 'refused';
  readonly look: DeviceLook;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly BoxLine[];
  /** Everything about it, unshortened: shown when somebody points at it. */
  readonly tip: string;
}

/** A line of text in a box, at its left edge unless `x` says where; `y` is its base line, from the box's top. */
export interface BoxLine extends Place {
  readonly font: Font;
  readonly text: string;
}

/** A port. `used`: something is on it; else what it is kept for. */
export interface Port extends Place {
  readonly item: 'port';
  readonly keep: 'used' | 'anyone' | 'fast' | 'absent';
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly bus: string;
  /** QEMU's path; undefined where it does not tell. */
  readonly path: string | undefined;
  readonly tip: string;
}

/** From a port to what is on it. `none`: not attached, or the speed is not known. */
export interface Wire extends Place {
  readonly item: 'wire';
  readonly speed: Speed | 'none';
  readonly length: number;
  readonly label: string;
}

/** Text beside the boxes. */
export interface Words extends Place {
  readonly item: 'words';
  readonly font: Font;
  readonly text: string;
}

export type Font = 'title' | 'name' | 'small' | 'trouble' | 'refused';

/** Pixels: how big each font is. */
export const FONT_SIZE: Readonly<Record<Font, number>> = { title: 16, name: 12, small: 11, trouble: 11, refused: 12 };

/** Fonts are monospaced, so that text fits where it was reckoned to fit; the widest of them take 0.602 of their size a column. */
export const COLUMN = 0.61;

/** @returns pixels that so many columns take */
export function textWidth(columns: number, font: Font): number {
  return columns * COLUMN * FONT_SIZE[font];
}

/** @returns how many columns fit into so many pixels */
export function columnsIn(pixels: number, font: Font): number {
  return Math.max(0, Math.floor(pixels / (COLUMN * FONT_SIZE[font])));
}
