import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommandLine } from '../../../../src/cli/run-command-line.js';
import { plainTerminal } from '../../../plain-terminal.js';
import type { Lab } from '../../inside/lab.js';

/** How a command line went. */
export interface Said {
  /** Exit code. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a command line of qplug in this process: all of it but src/cli/main.ts, and without the seconds that Node takes to
 * start in the lab.
 *
 * @param options - `onErr` is called with each piece of stderr before qplug goes on: a moment to make something fail.
 */
export async function qplug(
  words: readonly string[],
  options: { readonly signal?: AbortSignal; readonly onErr?: (text: string) => void } = {},
): Promise<Said> {
  let [out, err] = ['', ''];
  const terminal = plainTerminal(
    (text) => {
      out += text;
    },
    (text) => {
      err += text;
      options.onErr?.(text);
    },
  );
  const code = await runCommandLine(words, { ...terminal, signal: options.signal ?? terminal.signal });
  return { code, out, err };
}

/** Writes `bench.yaml` into the check's folder: a small machine without a guest. @param more - further keys, as YAML. */
export function vmFile(lab: Lab, more: string): string {
  const path = join(lab.folder, 'bench.yaml');
  writeFileSync(path, `name: bench\naccel: [kvm, tcg]\nmemory: 64M\n${more}\n`);
  return path;
}
