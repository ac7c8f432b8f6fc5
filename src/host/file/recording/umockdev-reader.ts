import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';

/** A device of a recording: the content of its folder in sysfs, and what udev knows about it. */
export interface RecordedDevice {
  /** Its P line. */
  readonly line: TextLine;
  /** The path below /sys: `devices/pci0000:00/0000:00:14.0/usb1/1-2`. */
  readonly path: string;
  /** The content of each file, by its path below the folder of the device. */
  readonly files: Map<string, Uint8Array>;
  /** The target of each link, by its path below the folder of the device. */
  readonly links: Map<string, string>;
  /** The properties that udev knows, by name. */
  readonly properties: Map<string, string>;
  /** Its device node below /dev, and what could be read from it. */
  node: { readonly path: string; readonly bytes: Uint8Array | undefined } | undefined;
}

type Body = Omit<RecordedDevice, 'line' | 'path'>;

/**
 * Reads the output of umockdev-record (umockdev, src/umockdev-record.vala): a block of lines for each device, followed by a blank line.
 * `P:` is the folder of the device in sysfs, `A:` the text of a file in it with C escapes, `H:` the bytes of a file in hexadecimal, `L:`
 * the target of a link, `E:` what udev knows, `N:` the device node and its content, `S:` a link to the node. The lines of a block may come
 * in any order.
 */
export class UmockdevReader {
  readonly #findings: FileFindings;
  readonly #devices: RecordedDevice[] = [];
  /** Lines of this block that come before its P line, and the first of them. */
  #early: Body = emptyBody();
  #earlyLine: TextLine | undefined;
  /** The device of this block; after a blank line, the device of the block before. */
  #device: RecordedDevice | undefined;
  #ended = false;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  read(line: TextLine): void {
    if (line.text.trim() === '') {
      this.#end();
      return;
    }
    const [, letter = '', rest = ''] = /^\s*([A-Z]):(?:\s(.*))?$/.exec(line.text) ?? [];
    if (letter === '') this.#findings.line('unknown-line', line);
    else if (letter === 'P') this.#begin(line, rest.trim());
    else if ('EAHLN'.includes(letter)) this.#add(line, letter, rest);
  }

  /** @returns the devices, in the order of the file */
  devices(): readonly RecordedDevice[] {
    this.#end();
    return this.#devices;
  }

  #begin(line: TextLine, path: string): void {
    if (!this.#ended) this.#end();
    if (!/^\/devices\/[^\0]*$/.test(path) || path.split('/').includes('..')) {
      this.#findings.line('field-value', line, { field: 'P' });
      this.#device = undefined;
      this.#early = emptyBody();
      this.#earlyLine = undefined;
      return;
    }
    this.#device = { ...this.#early, line, path: path.slice(1) };
    this.#early = emptyBody();
    this.#earlyLine = undefined;
    this.#ended = false;
    this.#devices.push(this.#device);
  }

  /** If a blank line follows each line, the lines that are left without a P line belong to the device before. */
  #end(): void {
    this.#ended = true;
    if (this.#earlyLine === undefined) return;
    const { files, links, properties, node } = this.#early;
    if (this.#device === undefined) this.#findings.line('misplaced', this.#earlyLine, { field: 'P: line' });
    else {
      merge(this.#device.files, files);
      merge(this.#device.links, links);
      merge(this.#device.properties, properties);
      this.#device.node ??= node;
    }
    this.#early = emptyBody();
    this.#earlyLine = undefined;
  }

  #add(line: TextLine, letter: string, rest: string): void {
    const open = !this.#ended && this.#device !== undefined;
    if (!open) this.#earlyLine ??= line;
    const body: Body = open && this.#device !== undefined ? this.#device : this.#early;
    const equals = rest.indexOf('=');
    const [key, value] = equals < 0 ? [rest.trim(), undefined] : [rest.slice(0, equals).trim(), rest.slice(equals + 1)];
    if (letter === 'N') {
      const bytes = value === undefined ? undefined : hexBytes(value);
      body.node = { path: key, bytes };
      return;
    }
    // udevadm's own export has other lines with these letters
    if (value === undefined || key === '') return;
    if (letter === 'E') body.properties.set(key, value.trimEnd());
    else if (letter === 'L') body.links.set(key, value.trim());
    else if (letter === 'A') body.files.set(key, unescaped(value));
    else {
      const bytes = hexBytes(value);
      if (bytes === undefined)
        this.#findings.line('field-value', line, { field: key, column: 1 + line.text.indexOf('=') + 1 });
      else body.files.set(key, bytes);
    }
  }
}

function emptyBody(): Body {
  return { files: new Map(), links: new Map(), properties: new Map(), node: undefined };
}

/** A value that is already there stays. */
function merge<T>(into: Map<string, T>, from: ReadonlyMap<string, T>): void {
  for (const [key, value] of from) if (!into.has(key)) into.set(key, value);
}

function hexBytes(text: string): Uint8Array | undefined {
  const digits = text.trim();
  return /^(?:[\da-f]{2})*$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

const ESCAPES: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The bytes for GLib's escapes (g_strescape): `\n`, `\"`, `\\`, and `\303` for a byte that is not printable ASCII. */
function unescaped(text: string): Uint8Array {
  const parts = text.matchAll(/\\([0-7]{1,3})|\\(.)|[^\\]+|\\$/gsu);
  return Buffer.concat(
    Array.from(parts, ([whole, octal, letter]) => {
      if (octal !== undefined) return Buffer.from([Number.parseInt(octal, 8) & 0xff]);
      if (letter === undefined) return Buffer.from(whole);
      const code = ESCAPES[letter];
      return code === undefined ? Buffer.from(letter) : Buffer.from([code]);
    }),
  );
}
