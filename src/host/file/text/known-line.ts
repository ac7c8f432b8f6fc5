/**
 * The beginnings of lines that one of the grammars knows, whatever comes before them. Each is more than a letter, so that names and prose
 * do not match.
 */
const BEGINNINGS: readonly string[] = [
  // the listing of the kernel and of usb-devices
  String.raw`[TBDPSCIEA]:[* ]?\s*(?:Bus=|Alloc=|Ver=|Vendor=|Manufacturer=|Product=|SerialNumber=|#Ifs=|FirstIf#=|If#=|Ad=)`,
  // lsusb -v: a device, and a field with its number
  String.raw`Bus \d{1,4} Device \d{1,3}: ID `,
  String.raw`(?:b|bm|bcd|w|i|id|dw)[A-Z]\w*\s+(?:0x)?[0-9a-f]`,
  String.raw`\*\* UN[A-Z]+`,
  'Negotiated speed:',
  // lsusb -t
  String.raw`/:\s+Bus \d{1,4}\.Port`,
  String.raw`\|__ Port \d{1,3}: Dev`,
  // umockdev-record
  'P: /devices/',
  String.raw`[EAHL]: [\w./:-]+=`,
  String.raw`N: [\w./-]+(?:=[0-9A-F]|\s*$)`,
];

const KNOWN = BEGINNINGS.join('|');
const KNOWN_HERE = new RegExp(`\\s*(?:${KNOWN})`, 'y');
const KNOWN_LATER = new RegExp(`(?<![\\w.])(?:${KNOWN})`);

/** No mark of quoting, time stamp or bullet is longer, in characters. */
const LONGEST_MARK = 100;

/** @returns whether a grammar knows how a line begins */
export function isKnown(text: string): boolean {
  KNOWN_HERE.lastIndex = 0;
  return KNOWN_HERE.test(text);
}

/** @returns the text before the beginning of a line that a grammar knows, without surrounding blanks; empty for any other line */
export function frontOf(text: string): string {
  const at = isKnown(text) ? 0 : (KNOWN_LATER.exec(text.slice(0, LONGEST_MARK * 2))?.index ?? 0);
  return at > LONGEST_MARK ? '' : text.slice(0, at).trim();
}
