import type { Recording } from '../../../../src/host/index.js';

/** What goes into an archive. */
export interface Packed {
  readonly path: string;
  readonly type?: string | undefined;
  readonly body?: Uint8Array | string | undefined;
  readonly link?: string | undefined;
  readonly prefix?: string | undefined;
}

const BLOCK = 512;

/** A tar archive, header by header as POSIX.1-1988 has it. */
export function tar(entries: readonly Packed[]): Buffer {
  return Buffer.concat([...entries.map(blocks), Buffer.alloc(2 * BLOCK)]);
}

function blocks({ path, type = '0', body = '', link = '', prefix = '' }: Packed): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(prefix, 345, 155);
  return Buffer.concat([withSum(header), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

/** Writes the sum of a header into it. */
export function withSum(header: Buffer): Buffer {
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A pax header for the next entry. */
export function pax(records: Readonly<Record<string, string>>): Packed {
  const body = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const length = [1, 2, 3, 4].map((digits) => rest + digits).find((one) => String(one).length === one - rest);
    return `${length} ${key}=${value}\n`;
  });
  return { path: 'PaxHeaders/x', type: 'x', body: body.join('') };
}

/** A recording as `tar` packs sysfs: a file is as large as sysfs says, filled with NUL bytes. */
export function tarOf(recording: Recording, root = 'sys/'): Packed[] {
  return Object.entries(recording.sys)
    .filter(([path]) => !path.includes('/port/'))
    .map(([path, entry]): Packed => {
      if ('link' in entry) return { path: root + path, type: '2', link: entry.link };
      const bytes = 'text' in entry ? Buffer.from(entry.text) : Buffer.from(entry.base64, 'base64');
      const filled = Buffer.alloc(path.endsWith('/descriptors') ? 65_553 : 4096);
      bytes.copy(filled);
      return { path: root + path, body: filled };
    });
}
