import type { FileFindings } from '../file-findings.js';
import type { FileTree } from './file-tree.js';

const BLOCK = 512;

/** More files than the USB part of any host has: 100 devices have 20 000. */
const MOST_FILES = 200_000;

/** No file of sysfs that matters here is larger, in bytes: the longest `descriptors` has 18 + 65535. */
const LARGEST = 66_560;

/** Names that do not fit into a header and belong to the next file. Names of pax may also apply to all files. */
interface Names {
  path: string | undefined;
  link: string | undefined;
}

/** @returns whether the bytes begin with the header of a tar archive */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && bytes[0] !== 0 && hasChecksum(bytes, 0);
}

/**
 * Reads a tar archive: ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU's long names. It writes nothing to disk. It skips everything that
 * is not a file, a folder or a link, and any file larger than those of sysfs.
 *
 * @param bytes - the whole archive; whatever it contains, reading ends in time that grows with its length
 */
export function readTar(bytes: Uint8Array, tree: FileTree, findings: FileFindings): void {
  let next: Names = { path: undefined, link: undefined };
  let files = 0;
  for (const header of headers(bytes, findings)) {
    const { at, type, body } = header;
    if (type === 'L') next.path = textAt(body, 0, body.length);
    else if (type === 'K') next.link = textAt(body, 0, body.length);
    else if (type === 'x') next = { ...next, ...paxNames(body) };
    else {
      if (++files > MOST_FILES) {
        findings.archive('too-many', at);
        return;
      }
      const path = next.path ?? headerPath(bytes, at);
      if (type !== 'g') addTo(tree, path, type, { body, link: next.link ?? textAt(bytes, at + 157, 100) });
      next = { path: undefined, link: undefined };
    }
  }
}

interface Header {
  /** Where it begins, in bytes. */
  readonly at: number;
  readonly type: string;
  readonly body: Uint8Array;
}

/** The headers of an archive, each with its content. Every step advances by at least one block, so the loop ends. */
function* headers(bytes: Uint8Array, findings: FileFindings): Generator<Header, void> {
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    if (bytes[at] === 0 && bytes.subarray(at, at + BLOCK).every((byte) => byte === 0)) return;
    const size = numberAt(bytes, at + 124, 12);
    if (!hasChecksum(bytes, at) || size === undefined) {
      findings.archive(size === undefined ? 'number' : 'checksum', at);
      return;
    }
    const start = at + BLOCK;
    const body = bytes.subarray(start, start + size);
    if (body.length < size) findings.archive('cut-off', at);
    yield { at, type: String.fromCharCode(bytes[at + 156] ?? 0), body };
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function addTo(tree: FileTree, path: string, type: string, { body, link }: { body: Uint8Array; link: string }): void {
  const file = type === '0' || type === '\0' || type === '7';
  if (type === '5' || (file && path.endsWith('/'))) tree.addFolder(path);
  else if (file && body.length <= LARGEST) tree.add(path, { bytes: body });
  // a hard link contains the path of its file from the root of the archive
  else if (type === '1') tree.add(path, { link: `/${link}` });
  else if (type === '2') tree.add(path, { link });
}

/** Checks the sum of all bytes of a header, with its own field counted as blanks. Old programs summed signed bytes. */
function hasChecksum(bytes: Uint8Array, at: number): boolean {
  const told = numberAt(bytes, at + 148, 8);
  let plain = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : (bytes[at + index] ?? 0);
    plain += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  return told === plain || told === signed;
}

/** @returns an octal number, or GNU's binary number with the top bit set; undefined when it is neither, or is far too large */
function numberAt(bytes: Uint8Array, at: number, length: number): number | undefined {
  const first = bytes[at] ?? 0;
  if (first === 0x80) {
    let value = 0;
    for (let index = 1; index < length; index++) value = value * 256 + (bytes[at + index] ?? 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = textAt(bytes, at, length).trim();
  return /^[0-7]{0,12}$/.test(text) ? Number.parseInt(text === '' ? '0' : text, 8) : undefined;
}

/** ustar has a field of its own for the first part of a long name. */
function headerPath(bytes: Uint8Array, at: number): string {
  const name = textAt(bytes, at, 100);
  const posix = textAt(bytes, at + 257, 6) === 'ustar';
  const prefix = posix ? textAt(bytes, at + 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** @returns the text before the first NUL byte */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
}

/** Records of a pax header: `LENGTH KEY=VALUE` and a line feed. The length counts all of it. */
function paxNames(body: Uint8Array): Partial<Names> {
  const names: Partial<Names> = {};
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const length = blank < 0 ? 0 : Number(textAt(body, at, blank - at));
    if (!(Number.isInteger(length) && length > blank - at + 1 && at + length <= body.length)) break;
    const [, key, value] =
      /^([^=]*)=(.*)\n$/s.exec(Buffer.from(body.subarray(blank + 1, at + length)).toString()) ?? [];
    if (key === 'path') names.path = value;
    if (key === 'linkpath') names.link = value;
    at += length;
  }
  return names;
}
