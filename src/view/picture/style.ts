import { FONT_SIZE } from './geometry.js';
import { DARK, LIGHT, type Palette } from './palette.js';

/** Classes begin with `q-`, because a picture may be inside a page that has its own classes. */
const COLORS = (palette: Palette): string =>
  [
    rule('.q-paper', { fill: palette.paper }),
    rule('.q-text', { fill: palette.ink }),
    rule('.q-small', { fill: palette.muted }),
    rule('.q-trouble', { fill: palette.slower }),
    rule('.q-refusal', { fill: palette.refused }),
    rule('.q-box,.q-pill', { fill: palette.paper, stroke: palette.edge }),
    rule('.q-block', { fill: palette.block, stroke: palette.edge }),
    rule('.q-port', { fill: palette.paper, stroke: palette.edge }),
    rule('.q-used', { fill: palette.edge, stroke: palette.edge }),
    rule('.q-used-label', { fill: palette.paper }),
    rule('.q-speed', { fill: palette.ink }),
    rule('.q-hatch', { stroke: palette.edge }),
    rule('.q-none', { stroke: palette.edge }),
    rule('.q-low', { stroke: palette.low }),
    rule('.q-full', { stroke: palette.full }),
    rule('.q-high', { stroke: palette.high }),
    rule('.q-super', { stroke: palette.super }),
    rule('.q-core', { stroke: palette.paper }),
    rule('.q-new', { stroke: palette.added }),
    rule('.q-slower', { stroke: palette.slower }),
    rule('.q-refused', { stroke: palette.refused }),
    rule('.q-sign-slower', { fill: palette.slower }),
  ].join('');

function rule(selector: string, properties: Readonly<Record<string, string | number>>): string {
  const body = Object.entries(properties)
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
  return `${selector}{${body}}`;
}

const FORMS = [
  rule('.q-text', {
    'font-family': "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace",
    'font-size': `${FONT_SIZE.name}px`,
    'white-space': 'pre',
  }),
  rule('.q-title', { 'font-size': `${FONT_SIZE.title}px`, 'font-weight': 600 }),
  rule('.q-name', { 'font-weight': 600 }),
  rule('.q-small,.q-trouble', { 'font-size': `${FONT_SIZE.small}px` }),
  rule('.q-trouble,.q-refusal', { 'font-weight': 600 }),
  rule('.q-middle', { 'text-anchor': 'middle' }),
  rule('.q-away', { 'stroke-dasharray': '3 3' }),
  rule('.q-new,.q-slower', { 'stroke-width': 2 }),
  rule('.q-refused', { 'stroke-width': 2, 'stroke-dasharray': '7 4' }),
  rule('.q-sign', { fill: 'none', 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-dasharray': 'none' }),
  rule('.q-wire', { fill: 'none' }),
  rule('.q-none', { 'stroke-width': 1.5, 'stroke-dasharray': '1 4' }),
  rule('.q-low', { 'stroke-width': 2, 'stroke-dasharray': '2 4' }),
  rule('.q-full', { 'stroke-width': 2, 'stroke-dasharray': '8 4' }),
  rule('.q-high', { 'stroke-width': 3 }),
  rule('.q-super', { 'stroke-width': 6 }),
  rule('.q-core', { 'stroke-width': 2 }),
  rule('.q-pill', { 'stroke-dasharray': 'none', 'stroke-width': 1 }),
].join('');

/** The style sheet: light by default, dark where the viewer asks for it. It needs no external fonts or files. */
export const STYLE: string = `${COLORS(LIGHT)}${FORMS}@media (prefers-color-scheme:dark){${COLORS(DARK)}}`;
