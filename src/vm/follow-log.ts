import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** ms between two looks at the log. */
const LOOK_EVERY = 200;

/** Bytes read at once. */
const PIECE = 64 * 1024;

/**
 * Hands on what is appended to a file, until told to stop; then what is left. The file is opened once, so that its end can be read
 * also when the VM's folder was cleared away meanwhile.
 *
 * @param onText - gets whole characters, otherwise raw
 * @param signal - tells that nothing more will be appended
 */
export async function followLog(path: string, onText: (text: string) => void, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return;
  const decoder = new TextDecoder();
  let at = 0;
  try {
    for (;;) {
      const last = signal.aborted;
      at = await readRest(file, at, (piece) => onText(decoder.decode(piece, { stream: true })));
      if (last) return;
      await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

/** @returns the byte at which the next look begins */
async function readRest(file: FileHandle, from: number, onPiece: (piece: Uint8Array) => void): Promise<number> {
  for (let at = from; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, at);
    if (bytesRead === 0) return at;
    at += bytesRead;
    onPiece(buffer.subarray(0, bytesRead));
  }
}
