import type { Colors } from 'picocolors/types.js';
import { safeLines } from '../../diag/index.js';
import type { Terminal } from '../terminal.js';

/**
 * A number that nobody outside of this process knows. Our own colours carry it until they are written, so that an escape sequence in a
 * text from outside is never taken for one of them.
 */
const SECRET = Array.from({ length: 3 }, () => Math.floor(Math.random() * 1e9)).join('');

/** One of our own colours, on its way. `width` counts it as nothing, as it does any colour. */
const OWN_COLOR = new RegExp(`\\u001b\\[(\\d+);${SECRET}m`);

/**
 * The last thing that a text passes before it is written, whatever it is: all that a terminal would act upon is escaped, but for line
 * breaks and the colours that our own code asked for. What was escaped before (`printable`) stays as it is.
 */
export function safeTerminal(terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (text) => terminal.out(safeText(text)),
    err: (text) => terminal.err(safeText(text)),
    outColors: marked(terminal.outColors),
    errColors: marked(terminal.errColors),
  };
}

function safeText(text: string): string {
  // every second part is the number of a colour
  return text
    .split(OWN_COLOR)
    .map((part, index) => (index % 2 === 1 ? `\u001b[${part}m` : safeLines(part)))
    .join('');
}

/** @returns the same colours, each with our mark; none where there are none */
function marked(colors: Colors): Colors {
  if (!colors.isColorSupported) return colors;
  const all = Object.entries(colors).map(([name, paint]): [string, unknown] => [
    name,
    typeof paint === 'function' ? markedPaint(paint) : paint,
  ]);
  return Object.fromEntries(all) as unknown as Colors;
}

function markedPaint(paint: (text: string) => string): (text: string | number | null | undefined) => string {
  const mark = (sequence = ''): string => sequence.replaceAll(/(\d+)m/g, `$1;${SECRET}m`);
  const [open, close] = paint('|').split('|').map(mark);
  if (open === undefined || close === undefined || open === '') return String;
  return (text) => `${open}${String(text).replaceAll(close, close + open)}${close}`;
}
