import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wordsOf } from '../../../src/diag/catalog.js';
import { type FixPart, finding, fixLines, printable } from '../../../src/diag/index.js';
import { shellWord } from '../../../src/diag/shell-word.js';
import { evidenceOfAll, sameText } from './evidence.js';

/** A text that nothing has to be done for: it shows which words a fix means. */
const PLAIN = 'zqz';

/** Where a text stands in the evidence: by itself, or as a folder of a path. */
const FORMS = { alone: (text: string) => text, folder: (text: string) => `/${text}/vm.sock` } as const;

/** Texts that a shell would take for something else, or do. */
const HOSTILE: readonly (readonly [text: string, form: keyof typeof FORMS])[] = [
  ['zqz b', 'alone'],
  ['Group [zqz]', 'folder'],
  [`it's "zqz" $(touch a) \`touch b\` $HOME;touch c&touch d|touch e>out <in *?[a]{b,c} !x !! #c \\n\\`, 'alone'],
  ['FOO=zqz', 'alone'],
  ['-zqz', 'alone'],
  ['', 'alone'],
  ['zqzäöü€😀', 'alone'],
];

/** How many fixes of one code are tried: planner fixes come in hundreds. */
const EACH = 8;

/** What is a sign for some shell when a word begins with it. */
const STARTS = ['~', '=', '%', '!', '*', '?', '#', '\\', '$', '@', '+', '^', '{', '[', '(', '&', '<', "'", '"', '`'];

/** Texts that nobody can type as they are shown. */
const UNTYPEABLE = [
  'zqz\nrm',
  'zqz\n',
  'zqz\u0000',
  'zqz\u001b[31m',
  'zqz\u202e',
  'zqz\ufffd',
  'zqz\ud800',
  'zqz'.repeat(2000),
];

/** ms: each runs hundreds of programs, and the machine may be busy. */
const PATIENCE = 300_000;

/** All that a fix of ours runs. */
const PROGRAMS = [
  ...['qplug', 'sudo', 'npm', 'apt-get', 'rm', 'mv', 'mkdir', 'chmod', 'chown', 'df', 'ls', 'fuser', 'tar', 'readlink'],
  ...['umount', 'swapoff', 'cryptsetup', 'lvchange', 'mdadm', 'dmsetup', 'losetup', 'qemu-img', 'lsusb', 'stat', 'id'],
  ...['ps', 'ss', 'awk', 'grep', 'touch', PLAIN],
];

/** Writes down how it was called, and what it was given when it is `sudo tee`. */
const RECORDER = `#!/bin/sh
{
  printf '%s\\0' "\${0##*/}" "$@"
  if [ "$1" = tee ]; then IFS= read -r line; printf '%s\\0' "$line"; fi
} >"$RECORDS/$CASE.$$"
`;

const evidence = evidenceOfAll(join(import.meta.dirname, '../../..'));
const folder = mkdtempSync(join(tmpdir(), 'qplug-fixes-'));
const programs = join(folder, 'bin');

beforeAll(() => {
  mkdirSync(programs);
  for (const name of PROGRAMS) recorder(name);
});
afterAll(() => rmSync(folder, { recursive: true }), PATIENCE);

function recorder(name: string): void {
  writeFileSync(join(programs, name), RECORDER);
  chmodSync(join(programs, name), 0o755);
}

/** The fixes of all findings whose strings are all that text: by a name that is the same for each text. */
function fixesWith(text: string): Map<string, readonly FixPart[]> {
  const fixes = new Map<string, readonly FixPart[]>();
  for (const [code, values] of evidence) {
    for (const [index, value] of values(sameText(text)).entries()) {
      const { fix = [] } = wordsOf(finding(code, value as never));
      const parts: readonly (FixPart | undefined)[] = [fix].flat();
      fixes.set(
        `${code} ${index}`,
        parts.filter((part) => part !== undefined),
      );
    }
  }
  return fixes;
}

/** @returns what a shell runs for a fix; undefined where there is nothing to type */
function scriptOf(parts: readonly FixPart[]): string | undefined {
  const script = fixLines(parts);
  if (parts.some((part) => 'command' in part)) return script;
  return parts.some((part) => 'options' in part) ? `qplug attach vm ${script}` : undefined;
}

/** Gives scripts to a shell in an empty folder. @returns for each the calls that it made, in no order */
function run(shell: string, scripts: readonly string[]): string[][][] {
  const here = mkdtempSync(join(folder, 'run-'));
  const [work, records] = [join(here, 'work'), join(here, 'records')];
  mkdirSync(work);
  mkdirSync(records);
  const all = scripts.map((script, index) => `( CASE=${index}; export CASE\n${script}\n)`).join('\n');
  execFileSync(`/bin/${shell}`, ['-c', `${all}\n:`], {
    cwd: work,
    env: { PATH: programs, RECORDS: records, HOME: '/home/of', USER: 'me' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // the fixes that say so write this one
  expect(readdirSync(work).filter((name) => name !== 'host.txt')).toEqual([]);
  const calls: string[][][] = scripts.map(() => []);
  for (const name of readdirSync(records)) {
    const words = readFileSync(join(records, name), 'utf8').split('\0').slice(0, -1);
    calls[Number.parseInt(name, 10)]?.push(words);
  }
  rmSync(here, { recursive: true });
  return calls;
}

/** Programs of a pipe run at the same time. */
function inOrder(calls: readonly string[][]): string[][] {
  return [...calls].sort((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1));
}

/** @returns by the name of a fix: what is typed, at most EACH different ones of a code */
function scriptsWith(text: string): Map<string, string> {
  const scripts = new Map<string, string>();
  const seen = new Map<string, Set<string>>();
  for (const [name, parts] of fixesWith(text)) {
    const script = scriptOf(parts);
    const code = name.slice(0, name.indexOf(' '));
    const others = seen.get(code) ?? new Set();
    if (script === undefined || others.has(script) || others.size >= EACH) continue;
    seen.set(code, others.add(script));
    scripts.set(name, script);
  }
  return scripts;
}

const plainRuns = new Map<string, ReadonlyMap<string, string[][]>>();

/** @returns by the name of a fix: the calls that it makes where all strings are PLAIN */
function plainCalls(shell: string, form: keyof typeof FORMS): ReadonlyMap<string, string[][]> {
  const known = plainRuns.get(`${shell} ${form}`);
  if (known !== undefined) return known;
  const fixes = [...fixesWith(FORMS[form](PLAIN))].map(([name, parts]): [string, string] => [
    name,
    scriptOf(parts) ?? ':',
  ]);
  const scripts = [...new Set(fixes.map(([, script]) => script))];
  const calls = run(shell, scripts);
  const made = new Map(fixes.map(([name, script]) => [name, calls[scripts.indexOf(script)] ?? []]));
  plainRuns.set(`${shell} ${form}`, made);
  return made;
}

/** @returns what is meant: the call with the plain text, and the other text in its place */
function meantCall(call: readonly string[], text: string): string[] {
  return call.map((word) => word.replaceAll(PLAIN, word.startsWith('{') ? JSON.stringify(text).slice(1, -1) : text));
}

/** What keeps a word from passing for an option changes the words, and their order. */
function bare(call: readonly string[]): string[] {
  return call
    .flatMap((word) => /^(--[a-z-]+)=(-.*)$/.exec(word)?.slice(1) ?? [word])
    .map((word) => word.replace(/^\.\/-/, '-'))
    .filter((word) => word !== '--')
    .sort();
}

describe('a fix that is typed as it is printed', () => {
  test('there is evidence for every code, and most fixes are typed', () => {
    const parts = [...fixesWith(PLAIN).values()].flat();
    expect(evidence.size).toBeGreaterThan(200);
    expect(new Set(parts.flatMap((part) => ('command' in part ? [part.command] : []))).size).toBeGreaterThan(70);
    expect(new Set(parts.flatMap((part) => ('options' in part ? [part.options] : []))).size).toBeGreaterThan(8);
  });

  describe.each([
    ['sh', HOSTILE],
    // both quote alike; bash has more signs of its own
    ['bash', HOSTILE.slice(1, 4)],
  ] as const)('in %s', (shell, texts) => {
    test.each(texts.map(([text, form]) => ({ text, form, shown: text.slice(0, 40) })))(
      'does what is meant for "$shown" ($form)',
      ({ text, form }) => {
        const base = plainCalls(shell, form);
        const whole = FORMS[form](text);
        const scripts = scriptsWith(whole);
        if (text !== '' && whole === text && !text.includes('/')) recorder(text);
        const got = run(shell, [...scripts.values()]);
        for (const [index, name] of [...scripts.keys()].entries()) {
          // there is no program without a name
          const meant = (base.get(name) ?? [])
            .map((call) => meantCall(call, text))
            .filter(([program]) => program !== '');
          const calls = got[index] ?? [];
          const dashed = text.startsWith('-');
          expect([name, inOrder(dashed ? calls.map(bare) : calls)]).toEqual([
            name,
            inOrder(dashed ? meant.map(bare) : meant),
          ]);
        }
      },
      PATIENCE,
    );

    test('a word is read as it is, whatever it begins or ends with', () => {
      const words = [
        ...STARTS.flatMap((sign) => [`${sign}a`, sign, `a${sign}`, `a ${sign}b`]),
        'a '.repeat(2000).trim(),
      ];
      const line = words.map((word) => shellWord(word)).join(' ');
      const read = execFileSync(shell, ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' }).split('\0');
      expect(read.slice(0, -1)).toEqual(words);
    });
  });

  test.each(UNTYPEABLE.map((text) => ({ text, shown: printable(text, 40) })))(
    'has no command with "$shown" in it, nor a part of it',
    ({ text }) => {
      for (const parts of fixesWith(text).values()) {
        for (const part of parts) {
          if (!('advice' in part)) expect('command' in part ? part.command : part.options).not.toContain(PLAIN);
        }
      }
    },
  );

  test('words for people hold no command that is put together by hand', () => {
    const text = `zqz b'c;d`;
    const word = shellWord(text) ?? '';
    for (const [name, parts] of fixesWith(text)) {
      for (const part of parts) {
        if (!('advice' in part)) continue;
        const rest = part.advice.replaceAll(word, '').replaceAll(shellWord(`unix:${text}`) ?? '', '');
        expect([name, rest]).not.toEqual([name, expect.stringMatching(/(qplug [a-z]|sudo |rm |kill |chmod ).*zqz/)]);
      }
    }
  });
});
