import fc from 'fast-check';

/** What mail, terminals, forums, editors and other systems do to a text that somebody hands on. */
export interface Disguise {
  readonly name: string;
  /** Whether what stands in front of a line is kept apart: `lsusb -t` tells by it what hangs on a hub. */
  readonly keepsIndentation: boolean;
  /** The ends of lines are the last to be changed, and only once. */
  readonly ends?: true;
  readonly apply: (text: string) => string;
}

const each =
  (change: (line: string, index: number) => string) =>
  (text: string): string =>
    text.split('\n').map(change).join('\n');

/** Mail programs break a line at the last blank before this column, and drop that blank. */
function wrap(line: string, width: number): string {
  if (line.length <= width) return line;
  const at = line.lastIndexOf(' ', width);
  const front = line.slice(0, at);
  return at <= 0 || front.trim() === '' || /^\S*$/.test(front.trim())
    ? line
    : `${front}\n${wrap(line.slice(at + 1), width)}`;
}

const mark = (name: string, front: (index: number) => string): Disguise => ({
  name,
  keepsIndentation: true,
  apply: each((line, index) => `${front(index)}${line}`),
});

const ESCAPE = '\u001b';
const NO_BREAK = '\u00a0';

export const DISGUISES: readonly Disguise[] = [
  mark('quoted', () => '> '),
  mark('quoted twice', () => '>> '),
  mark('quoted by two programs', () => '> > '),
  mark('quoted to different depths', (index) => '> '.repeat(1 + (index % 3))),
  mark('quoted with bars', () => '| '),
  mark('quoted with initials', () => 'JD> '),
  mark('a list', () => '- '),
  mark('a comment', () => '# '),
  mark('an added file of a patch', () => '+'),
  mark('numbered', (index) => `${String(index + 1).padStart(6)}\t`),
  mark('found by grep', (index) => `${index + 1}:`),
  mark('of dmesg', (index) => `[${String(index % 9).padStart(5)}.${String(index).padStart(6, '0')}] `),
  mark('of the journal', (index) => `Nov 30 01:26:${String(index % 60).padStart(2, '0')} host-1 report[812]: `),
  mark('indented', () => '    '),
  { name: 'stuffed', keepsIndentation: true, apply: each((line) => (/^[ >]|^From /.test(line) ? ` ${line}` : line)) },
  {
    name: 'stuffed and quoted',
    keepsIndentation: true,
    apply: each((line) => `> ${/^[ >]|^From /.test(line) ? ` ${line}` : line}`),
  },
  {
    name: 'with tabs in place of blanks',
    keepsIndentation: true,
    apply: each((line) =>
      line.replace(/^ +/, (blanks) => '\t'.repeat(blanks.length >> 3) + ' '.repeat(blanks.length & 7)),
    ),
  },
  { name: 'without indentation', keepsIndentation: false, apply: each((line) => line.trimStart()) },
  {
    name: 'with one blank in place of several',
    keepsIndentation: false,
    apply: each((line) =>
      /(?:^|\W)(?:S: |i[A-Z]|id[A-Z]|[AENPHL]: )/.test(line) ? line.trimStart() : line.replace(/ +/g, ' '),
    ),
  },
  {
    name: 'with blanks that do not break',
    keepsIndentation: true,
    apply: each((line) =>
      line.replace(/^ +/, (blanks) => NO_BREAK.repeat(blanks.length)).replace(/ {2}/g, ` ${NO_BREAK}`),
    ),
  },
  { name: 'fenced', keepsIndentation: true, apply: (text) => `\`\`\`text\n${text}\n\`\`\`\n` },
  { name: 'in a tag', keepsIndentation: true, apply: (text) => `[code]${text}[/code]\n` },
  { name: 'in another tag', keepsIndentation: true, apply: (text) => `<pre>\n${text}\n</pre>\n` },
  {
    name: 'behind a prompt',
    keepsIndentation: true,
    apply: (text) => `root@host:~# cat /sys/kernel/debug/usb/devices\n${text}\nroot@host:~# \n`,
  },
  { name: 'behind another prompt', keepsIndentation: true, apply: (text) => `$ (lsusb -v; lsusb -t)\n${text}\n$\n` },
  {
    name: 'coloured',
    keepsIndentation: true,
    apply: each((line) => `${ESCAPE}[0;32m${line.slice(0, 4)}${ESCAPE}[m${line.slice(4)}${ESCAPE}[K`),
  },
  { name: 'wrapped at 72', keepsIndentation: true, apply: each((line) => wrap(line, 72)) },
  { name: 'quoted and wrapped', keepsIndentation: true, apply: each((line) => wrap(`> ${line}`, 72)) },
  {
    name: 'wrapped and quoted',
    keepsIndentation: true,
    apply: (text) => each((line) => `> ${line}`)(each((line) => wrap(line, 70))(text)),
  },
  { name: 'with CRLF', keepsIndentation: true, ends: true, apply: (text) => text.replaceAll('\n', '\r\n') },
  { name: 'with CR', keepsIndentation: true, ends: true, apply: (text) => text.replaceAll('\n', '\r') },
  { name: 'with CRCRLF', keepsIndentation: true, ends: true, apply: (text) => text.replaceAll('\n', '\r\r\n') },
  { name: 'with NEL', keepsIndentation: true, ends: true, apply: (text) => text.replaceAll('\n', '\u0085') },
  {
    name: 'with ends of all kinds',
    keepsIndentation: true,
    ends: true,
    apply: (text) => {
      let count = 0;
      // an empty line is no end of another kind
      return text.replace(/(?<=[^\n])\n(?=[^\n])/g, () => ['\n', '\r\n', '\r'][count++ % 3] ?? '\n');
    },
  },
];

const utf16 = (text: string, big: boolean, marked: boolean): Buffer => {
  const bytes = Buffer.from(`${marked ? '\ufeff' : ''}${text}`, 'utf16le');
  return big ? bytes.swap16() : bytes;
};

export const ENCODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with its mark': (text) => Buffer.from(`\ufeff${text}`),
  'UTF-16LE': (text) => utf16(text, false, true),
  'UTF-16BE': (text) => utf16(text, true, true),
  'UTF-16LE without its mark': (text) => utf16(text, false, false),
  'UTF-16BE without its mark': (text) => utf16(text, true, false),
};

/** Up to three of them, one over the other, in an encoding. */
export function disguisesOf(keepIndentation: boolean): fc.Arbitrary<Disguised> {
  const fitting = DISGUISES.filter((one) => one.keepsIndentation || !keepIndentation);
  const inner = fitting.filter(({ ends }) => ends !== true);
  return fc
    .record({
      over: fc.uniqueArray(fc.constantFrom(...inner), { maxLength: 2, selector: ({ name }) => name }),
      ends: fc.option(fc.constantFrom(...fitting.filter(({ ends }) => ends === true)), { nil: undefined }),
      encoding: fc.constantFrom(...Object.keys(ENCODINGS)),
    })
    .map(({ over, ends, encoding }) => {
      const all = ends === undefined ? over : [...over, ends];
      return {
        toString: () => [...all.map(({ name }) => name), encoding].join(', '),
        apply: (text) => (ENCODINGS[encoding] ?? Buffer.from)(all.reduce((now, one) => one.apply(now), text)),
      };
    });
}

/** What becomes of a text; its name says what was done. */
export interface Disguised {
  toString(): string;
  readonly apply: (text: string) => Buffer;
}
