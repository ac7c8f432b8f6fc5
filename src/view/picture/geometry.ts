import type { Speed } from '../../qdev/index.js';
import type { DeviceLook } from '../tree/index.js';

/** A picture as boxes, wires and texts with their places in pixels, ready to be written as SVG. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** The picture in a sentence, for people who cannot see it. */
  readonly description: string;
  readonly items: readonly Item[];
}

export type Item = Box | Port | Wire | Words;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A controller, hub, device, or a device that has no port. Its lines are inside the box. */
export interface Box extends Point {
  readonly item: 'box';
  readonly kind: 'controller' | 'hub' | 'device' | 'refused';
  readonly look: DeviceLook;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly BoxLine[];
  /** Everything about it, unshortened; the viewer shows it when somebody points at the box. */
  readonly tip: string;
}

/** A line of text in a box. It starts at `x`, counted from the left edge; `y` is its base line, counted from the top of the box. */
export interface BoxLine extends Point {
  readonly font: Font;
  readonly text: string;
}

/** A port. `keep` is `used` if something is on the port, otherwise it says for whom the port is kept. */
export interface Port extends Point {
  readonly item: 'port';
  readonly keep: 'used' | 'anyone' | 'fast' | 'absent';
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly bus: string;
  /** QEMU's path; undefined where QEMU does not report it. */
  readonly path: string | undefined;
  readonly tip: string;
}

/** From a port to what is on it. `none`: not attached, or the speed is not known. */
export interface Wire extends Point {
  readonly item: 'wire';
  readonly speed: Speed | 'none';
  readonly length: number;
  readonly label: string;
}

/** Text beside the boxes. */
export interface Words extends Point {
  readonly item: 'words';
  readonly font: Font;
  readonly text: string;
}

export type Font = 'title' | 'name' | 'small' | 'trouble' | 'refused';

/** The size of each font, in pixels. */
export const FONT_SIZE: Readonly<Record<Font, number>> = { title: 16, name: 12, small: 11, trouble: 11, refused: 12 };

/**
 * Fonts are monospaced, so that a text has the width that was calculated for it. In the widest of these fonts a column takes 0.602 of the
 * font size.
 */
export const COLUMN = 0.61;

/** @returns the pixels that a number of columns takes */
export function textWidth(columns: number, font: Font): number {
  return columns * COLUMN * FONT_SIZE[font];
}

/** @returns the number of columns that fit into a number of pixels */
export function columnsIn(pixels: number, font: Font): number {
  return Math.max(0, Math.floor(pixels / (COLUMN * FONT_SIZE[font])));
}
