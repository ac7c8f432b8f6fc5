import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { RELEASES } from '../../../scripts/qemu-releases.mjs';
import type { OracleCase } from './case.js';

export interface OracleArguments {
  readonly releases: readonly string[];
  /** In all, over all releases. */
  readonly cases: number;
  readonly seed: number;
  readonly jobs: number;
  /** A case to be asked again instead of random ones. */
  readonly replay: OracleCase | undefined;
  /** Writes the counts into docs/fidelity.md. */
  readonly write: boolean;
  /** A file for the counts, as JSON. */
  readonly report: string | undefined;
}

export const USAGE = `npm run oracle -- [OPTIONS]     asks QEMUs of several releases whether qplug's predictions are true

  --cases N         so many comparisons in all, shared out over the releases (default 6000)
  --release R       one release alone; may be given several times
  --seed S          others than the usual cases: a number, or \`random\`
  --jobs N          so many QEMUs at once (default: one for each processor, at most 8)
  --replay CASE     a case as it was printed, or the name of a file that holds one
  --write           write the counts into docs/fidelity.md
  --report FILE     write the counts as JSON, in vitest's names`;

const DEFAULT_CASES = 6000;
const MOST_JOBS = 8;

/** @throws Error in words for people */
export function parseArguments(words: readonly string[]): OracleArguments | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      cases: { type: 'string' },
      release: { type: 'string', multiple: true },
      seed: { type: 'string' },
      jobs: { type: 'string' },
      replay: { type: 'string' },
      write: { type: 'boolean', default: false },
      report: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const known = RELEASES.map(({ name }) => name);
  const wrong = values.release?.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`no QEMU ${wrong} here; there are ${known.join(', ')}`);
  return {
    releases: values.release ?? known,
    cases: count(values.cases, '--cases') ?? DEFAULT_CASES,
    seed: values.seed === 'random' ? Math.floor(Math.random() * 2 ** 31) : (count(values.seed, '--seed') ?? 1),
    jobs: count(values.jobs, '--jobs') ?? Math.min(MOST_JOBS, availableParallelism()),
    replay: values.replay === undefined ? undefined : readCase(values.replay),
    write: values.write,
    report: values.report,
  };
}

function count(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new Error(`${option} takes a number from 1 up, not "${text}"`);
  return Number(text);
}

function readCase(text: string): OracleCase {
  const source = !text.trimStart().startsWith('{') && existsSync(text) ? readFileSync(text, 'utf8') : text;
  try {
    const value = JSON.parse(source) as OracleCase;
    for (const part of ['controllers', 'host', 'before', 'probes', 'plans'] as const) {
      if (!Array.isArray(value[part])) throw new Error(`it has no list "${part}"`);
    }
    return value;
  } catch (cause) {
    throw new Error(`--replay: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
