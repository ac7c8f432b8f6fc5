import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** 1 MiB, as both formats hold it. */
const SIZE = 1024 * 1024;
const CLUSTER = 65536;

/** Makes an empty image: QEMU opens it for writing. */
export function writeEmptyImage(file: string, format: 'qcow2' | 'raw'): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, format === 'raw' ? Buffer.alloc(SIZE) : emptyQcow2());
}

/** The four clusters of an empty qcow2, version 2: header, refcount table, refcount block, L1 table (docs/interop/qcow2.txt). */
function emptyQcow2(): Buffer {
  const image = Buffer.alloc(4 * CLUSTER);
  image.write('QFI\xfb', 0, 'latin1');
  image.writeUInt32BE(2, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(SIZE), 24);
  image.writeUInt32BE(1, 36);
  image.writeBigUInt64BE(BigInt(3 * CLUSTER), 40);
  image.writeBigUInt64BE(BigInt(CLUSTER), 48);
  image.writeUInt32BE(1, 56);
  image.writeBigUInt64BE(BigInt(2 * CLUSTER), CLUSTER);
  for (let cluster = 0; cluster < 4; cluster++) image.writeUInt16BE(1, 2 * CLUSTER + 2 * cluster);
  return image;
}
