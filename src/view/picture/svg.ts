import { hasSign } from './canvas.js';
import type { Box, Font, Geometry, Item, Port, Wire, Words } from './geometry.js';
import { STYLE } from './style.js';
import { escapeXml } from './xml.js';

/** Writes a picture as SVG: text stays text, and each box clips its contents. The SVG loads nothing and runs no script. */
export function spellSvg({ width, height, title, description, items }: Geometry): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="q-title q-desc">`,
    `<title id="q-title">${escapeXml(title)}</title>`,
    `<desc id="q-desc">${escapeXml(description)}</desc>`,
    `<style>${STYLE}</style>`,
    ...patternsOf(items),
    `<rect class="q-paper" width="${width}" height="${height}" rx="6"/>`,
    ...items.map(spellItem),
    '</svg>',
  ].join('\n')}\n`;
}

function spellItem(item: Item): string {
  switch (item.item) {
    case 'box':
      return spellBox(item);
    case 'port':
      return spellPort(item);
    case 'wire':
      return spellWire(item);
    case 'words':
      return spellWords(item);
  }
}

/** A port that the reserve keeps is hatched in one direction, the port of a device that is away in both. */
function patternsOf(items: readonly Item[]): string[] {
  const has = (keep: Port['keep']): boolean => items.some((item) => item.item === 'port' && item.keep === keep);
  const pattern = (id: string, path: string): string =>
    `<pattern id="q-${id}" width="6" height="6" patternUnits="userSpaceOnUse"><path class="q-hatch" d="${path}"/></pattern>`;
  const patterns = [
    ...(has('fast') ? [pattern('fast', 'M-1 1l2-2M0 6l6-6M5 7l2-2')] : []),
    ...(has('absent') ? [pattern('absent', 'M0 3h6M3 0v6')] : []),
  ];
  return patterns.length === 0 ? [] : [`<defs>${patterns.join('')}</defs>`];
}

function spellBox(box: Box): string {
  const { kind, look, x, y, width, height, lines, tip } = box;
  const block = kind === 'controller' || kind === 'hub';
  const classes = [
    block ? 'q-block' : 'q-box',
    ...(kind === 'refused' ? ['q-refused'] : look === 'there' ? [] : [`q-${look}`]),
  ];
  return [
    `<svg x="${x}" y="${y}" width="${width}" height="${height}"><title>${escapeXml(tip)}</title>`,
    `<rect class="${classes.join(' ')}" x="1" y="1" width="${width - 2}" height="${height - 2}" rx="${block ? 6 : 4}"/>`,
    ...(hasSign(box) ? [SIGNS[kind === 'refused' ? 'refused' : look]] : []),
    ...lines.map((line) => text(line.text, line.x, line.y, line.font)),
    '</svg>',
  ].join('');
}

const SIGNS: Readonly<Record<Box['look'] | 'refused', string>> = {
  there: '',
  new: '<path class="q-sign q-new" d="M8 15h10M13 10v10"/>',
  slower: '<path class="q-sign-slower" d="M7 10h13l-6.5 11z"/>',
  away: '<circle class="q-sign q-none" cx="13" cy="15" r="5"/>',
  refused: '<path class="q-sign q-refused" d="M8 10l10 10M18 10l-10 10"/>',
};

function spellPort({ keep, x, y, width, height, label, tip }: Port): string {
  const rect = (classes: string, more = ''): string =>
    `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="2"${more}/>`;
  const hatch = keep === 'fast' || keep === 'absent';
  return [
    `<g><title>${escapeXml(tip)}</title>`,
    rect(keep === 'used' ? 'q-port q-used' : 'q-port'),
    ...(hatch ? [rect('', ` fill="url(#q-${keep})"`)] : []),
    ...(hatch && label !== '' ? [halo(label, x, y, width)] : []),
    text(label, x + width / 2, y + 14, 'small', keep === 'used' ? ' q-middle q-used-label' : ' q-middle'),
    '</g>',
  ].join('');
}

/** A patch of background under the number on a hatched port. */
function halo(label: string, x: number, y: number, width: number): string {
  const size = 7 * label.length + 2;
  return `<rect class="q-paper" x="${x + (width - size) / 2}" y="${y + 4}" width="${size}" height="12"/>`;
}

function spellWire({ speed, x, y, length, label }: Wire): string {
  const line = (classes: string): string => `<path class="q-wire ${classes}" d="M${x} ${y}h${length}"/>`;
  const middle = x + length / 2;
  return [
    line(`q-${speed}`),
    ...(speed === 'super' ? [line('q-core')] : []),
    `<rect class="q-pill q-${speed}" x="${middle - 20}" y="${y - 9}" width="40" height="18" rx="9"/>`,
    text(label, middle, y + 4, 'small', ' q-middle q-speed'),
  ].join('');
}

function spellWords({ x, y, font, text: words }: Words): string {
  return text(words, x, y, font);
}

const FONT_CLASSES: Readonly<Record<Font, string>> = {
  title: 'q-title',
  name: 'q-name',
  small: 'q-small',
  trouble: 'q-trouble',
  refused: 'q-refusal',
};

function text(words: string, x: number, y: number, font: Font, more = ''): string {
  if (words === '') return '';
  return `<text class="q-text ${FONT_CLASSES[font]}${more}" x="${x}" y="${y}">${escapeXml(words)}</text>`;
}
