import { describe, expect, test } from 'vitest';
import { DISGUISES, ENCODINGS } from './disguises.js';
import { all, decode, fixture, lineFindings } from './fixtures.js';

const BOTH = fixture('lab-lsusb.txt').toString();

/** Texts of each kind. In those without `lsusb -t`, indentation means nothing. */
const TEXTS: readonly (readonly [name: string, text: string, flat: boolean])[] = [
  ['the listing of the kernel', fixture('lab-listing.txt').toString(), true],
  ['a listing of 2014', fixture('linux-3.16-laptop.txt').toString(), true],
  ['a listing of 2000', fixture('linux-2.2-scanner.txt').toString(), true],
  ['usb-devices', fixture('lab-usb-devices.txt').toString(), true],
  ['usb-devices of 2020', fixture('usb-devices-012.txt').toString(), true],
  ['lsusb -v with lsusb -t', BOTH, false],
  [
    'lsusb -t before lsusb -v',
    `${BOTH.slice(BOTH.search(/^\/: {2}/m))}\n${BOTH.slice(0, BOTH.search(/^\/: {2}/m))}`,
    false,
  ],
  ['lsusb -v', BOTH.slice(0, BOTH.search(/^\/: {2}/m)), true],
  ['umockdev-record', fixture('umockdev-keyboard-and-disk.txt').toString(), true],
];

describe.each(TEXTS)('%s', (_, text, flat) => {
  const plain = decode(text);
  const fitting = DISGUISES.filter(({ keepsIndentation }) => keepsIndentation || flat);

  test.each(fitting.map((one) => [one.name, one.apply] as const))(
    '%s: the same devices, and no warning',
    (__, apply) => {
      const host = decode(apply(text));
      expect(all(host)).toEqual(all(plain));
      expect(lineFindings(host)).toEqual([]);
      expect(host.findings).toEqual(plain.findings);
    },
  );

  test.each(Object.entries(ENCODINGS))('in %s', (__, encode) => {
    const host = decode(encode(text));
    expect(all(host)).toEqual(all(plain));
    expect(host.findings).toEqual(plain.findings);
  });
});

test('a name in Latin-1 is read, and a damaged character makes no Latin-1 of UTF-8', () => {
  const text = fixture('lab-listing.txt').toString().replace('QEMU USB Tablet', 'Tablette graphique améliorée');
  expect(decode(Buffer.from(text, 'latin1')).devices[0]?.product).toBe('Tablette graphique améliorée');
  const cut = Buffer.concat([
    Buffer.from(text.slice(0, text.indexOf('liorée'))),
    Buffer.from([0xc3]),
    Buffer.from('\n\n'),
  ]);
  expect(decode(cut).devices[0]?.product).toBe('Tablette graphique amé\ufffd');
});

test('a file of which a part is in UTF-16 is read whole', () => {
  const [front, tree] = [BOTH.slice(0, BOTH.search(/^\/: {2}/m)), BOTH.slice(BOTH.search(/^\/: {2}/m))];
  for (const between of ['', '\ufeff']) {
    const host = decode(Buffer.concat([Buffer.from(front), Buffer.from(between + tree, 'utf16le')]));
    expect(all(host)).toEqual(all(decode(BOTH)));
  }
});

test('JSON in UTF-16, in a fence or in a mail is read as well', () => {
  const text = fixture('lab-devices.json').toString();
  const plain = decode(text);
  for (const one of [
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    `\`\`\`json\n${text}\n\`\`\`\n`,
    text.replaceAll(/^/gm, '> '),
  ]) {
    expect(all(decode(one))).toEqual(all(plain));
  }
});

describe('the place of a finding is that in the file', () => {
  const text = fixture('lab-listing.txt').toString().replace('Ad=81(I)', 'Ad=zz(I)');
  const at = text.split('\n').findIndex((line) => line.includes('Ad=zz')) + 1;
  const column = 8;

  test.each<[what: string, changed: string | Buffer, expected: string]>([
    ['quoted', text.replaceAll(/^/gm, '>> '), `${at}:${column + 3}`],
    ['numbered', text.replaceAll(/^/gm, '[  1.5] '), `${at}:${column + 8}`],
    ['coloured', text.replaceAll(/^/gm, '\u001b[32m'), `${at}:${column + 5}`],
    ['with a tab in front', text.replaceAll(/^/gm, '\t'), `${at}:${column + 1}`],
    ['in a fence', `\`\`\`\n${text}\`\`\`\n`, `${at + 1}:${column}`],
    ['in UTF-16 with CRLF', Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le'), `${at}:${column}`],
    ['wrapped before it', text.replace('E:  Ad=zz', 'E: \nAd=zz'), `${at + 1}:4`],
  ])('%s', (_, changed, expected) => {
    expect(lineFindings(decode(changed))[0]).toBe(`${expected} field-value`);
  });
});

test('strings of a device that look like marks, prompts or lines of a listing stay strings', () => {
  const names = [
    '> quoted',
    'root@host:~# lsusb',
    '[code]',
    'T:  Bus=09 Lev=00',
    'P: /devices/x',
    '```',
    'wMaxPacketSize 12',
    '- - -',
  ];
  const text = fixture('lab-listing.txt').toString();
  for (const name of names) {
    const host = decode(text.replaceAll(/Product=.*/g, `Product=${name}`));
    expect(
      host.devices.map(({ product }) => product),
      name,
    ).toEqual(host.devices.map(() => name));
    expect(lineFindings(host), name).toEqual([]);
    const verbose = decode(BOTH.replaceAll(/(iProduct +\d+) .*/g, `$1 ${name}`));
    expect(
      verbose.devices.map(({ product }) => product),
      name,
    ).toEqual(verbose.devices.map(() => name));
  }
});
