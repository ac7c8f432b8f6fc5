import pico from 'picocolors';
import type { Terminal } from '../src/cli/terminal.js';

/** A terminal of root that is none: no colours, no columns. */
export function plainTerminal(out: (text: string) => void, err: (text: string) => void): Terminal {
  const plain = pico.createColors(false);
  return {
    out,
    err,
    outColors: plain,
    errColors: plain,
    columns: undefined,
    errColumns: undefined,
    env: process.env,
    uid: 0,
    signal: new AbortController().signal,
  };
}
