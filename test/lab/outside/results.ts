import { closeSync, openSync, readSync } from 'node:fs';
import type { ResultLine } from '../shared.js';

/** A check's result. */
export type Result = Extract<ResultLine, { kind: 'end' }>;

/** The results of the lab so far, read from results.jsonl as it grows. */
export class ResultReader {
  readonly results: Map<string, Result> = new Map();
  /** The check that runs now. */
  running: string | undefined;
  readonly #path: string;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the new part. The file may not exist yet. */
  update(): void {
    const lines = (this.#rest + this.#readNew()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const text of lines) {
      const line = JSON.parse(text) as ResultLine;
      this.running = line.kind === 'begin' ? line.name : undefined;
      if (line.kind === 'end') this.results.set(line.name, line);
    }
  }

  #readNew(): string {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return '';
    }
    try {
      const buffer = Buffer.alloc(1 << 20);
      const size = readSync(file, buffer, 0, buffer.length, this.#offset);
      // The lab writes a line at once, but a read may end in the middle of a character.
      const whole = buffer.subarray(0, size).lastIndexOf(10) + 1;
      this.#offset += whole;
      return buffer.toString('utf8', 0, whole);
    } finally {
      closeSync(file);
    }
  }
}
