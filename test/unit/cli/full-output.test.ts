import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundledQplug } from '../../bundled-qplug.js';

/** qplug as a process whose output can't be written, or that lacks something of the system. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-output-'));
const host = join(folder, 'host.json');
const env = { ...process.env, QPLUG_RUNTIME_DIR: join(folder, 'run'), NO_COLOR: '1' };
let main: string;

beforeAll(async () => {
  main = await bundledQplug(folder);
  const listing = join(folder, 'host.txt');
  writeFileSync(listing, manyDevices(400));
  const { out } = await inShell('exec "$@"', 'devices', '--json', '--host', listing);
  // what was missing in the listing is not told of this
  writeFileSync(host, JSON.stringify({ ...JSON.parse(out), findings: [] }));
});
/** Ended after the last test, where they have not ended by themselves. */
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

const INTERFACE = `C:* #Ifs= 1 Cfg#= 1 Atr=80 MxPwr=200mA
I:* If#= 0 Alt= 0 #EPs= 2 Cls=08(stor.) Sub=06 Prot=50 Driver=usb-storage
E:  Ad=81(I) Atr=02(Bulk) MxPS= 512 Ivl=0ms
E:  Ad=02(O) Atr=02(Bulk) MxPS= 512 Ivl=0ms
`;

/** A host with so many devices that what is told of them is more than a pipe holds (64 KiB, pipe(7)). */
function manyDevices(count: number): string {
  const bus = (number: number): string =>
    `T:  Bus=${two(number)} Lev=00 Prnt=00 Port=00 Cnt=00 Dev#=  1 Spd=480  MxCh=15\nD:  Ver= 2.00 Cls=09(hub  ) Sub=00 Prot=01 MxPS=64 #Cfgs=  1\nP:  Vendor=1d6b ProdID=0002 Rev=06.01\n${INTERFACE}`;
  const two = (number: number): string => String(number).padStart(2, '0');
  return Array.from({ length: count }, (_, index) => {
    const [number, port] = [Math.floor(index / 15) + 1, index % 15];
    const device = `T:  Bus=${two(number)} Lev=01 Prnt=01 Port=${two(port)} Cnt=01 Dev#=${String(port + 2).padStart(3)} Spd=480  MxCh= 0\nD:  Ver= 2.00 Cls=00(>ifc ) Sub=00 Prot=00 MxPS=64 #Cfgs=  1\nP:  Vendor=0781 ProdID=5567 Rev=01.00\nS:  Product=Stick ${index}\n${INTERFACE}`;
    return `${port === 0 ? bus(number) : ''}${device}`;
  }).join('\n');
}

interface Ended {
  readonly exit: number | string;
  readonly out: string;
  readonly err: string;
}

/** @param shell - what a shell does with `"$@"`, which is the command line */
async function inShell(shell: string, ...words: readonly string[]): Promise<Ended> {
  return await ended(
    spawn('bash', ['-c', shell, 'bash', process.execPath, main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

async function ended(child: ChildProcess): Promise<Ended> {
  started.push(child);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code, signal] = await once(child, 'close');
  return { exit: code ?? signal, out, err };
}

/** What is said of that host on stderr. */
const NOTE = /^note: .*\n {2}at .*\n/;

const TRACE = /^\s+at .*[:(]/m;

/** Commands with what they exit with, and the streams that they write to. */
const COMMANDS = [
  { line: '--help', exit: 0, out: true, err: false },
  { line: 'list --json', exit: 0, out: true, err: false },
  { line: 'devices --host HOST', exit: 0, out: true, err: true },
  { line: 'frobnicate', exit: 2, out: false, err: true },
  { line: 'frobnicate --json', exit: 2, out: true, err: true },
  { line: 'status nothing', exit: 3, out: false, err: true },
] as const;

const wordsOf = (line: string): string[] => line.split(' ').map((word) => (word === 'HOST' ? host : word));

const FULL = 'no space left on device';

describe.each(COMMANDS)('qplug $line', ({ line, exit, out, err }) => {
  test('with a full disk behind stdout says so in one line, and fails', async () => {
    const ran = await inShell('exec "$@" >/dev/full', ...wordsOf(line));
    expect(ran.exit).toBe(exit === 0 ? 1 : exit);
    const lost = ran.err.match(/^error: could not write the result to standard output: .*$/gm) ?? [];
    expect(lost).toEqual(out ? [`error: could not write the result to standard output: ${FULL}`] : []);
    expect(ran.err).not.toMatch(TRACE);
  });

  test('with a full disk behind stderr says so on stdout, unless that is one document', async () => {
    const ran = await inShell('exec "$@" 2>/dev/full', ...wordsOf(line));
    expect(ran.exit).toBe(exit === 0 && err ? 1 : exit);
    expect(ran.err).toBe('');
    if (line.includes('--json')) expect(() => JSON.parse(ran.out)).not.toThrow();
    else expect(ran.out.includes(`error: could not write messages to standard error: ${FULL}\n`)).toBe(err);
  });

  test('with full disks behind both fails', async () => {
    expect((await inShell('exec "$@" >/dev/full 2>&1', ...wordsOf(line))).exit).toBe(exit === 0 ? 1 : exit);
  });

  test.each(['>&-', '2>&-', '>&- 2>&-'])('with %s does what it does', async (closed) => {
    const ran = await inShell(`exec "$@" ${closed}`, ...wordsOf(line));
    expect(ran.exit).toBe(exit);
    expect(ran.err).not.toMatch(TRACE);
  });

  test('whose readers are gone says nothing of it', async () => {
    // both pipes have no reader from the first byte on
    const child = spawn(process.execPath, [main, ...wordsOf(line)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.destroy();
    expect((await ended(child)).exit).toBe(exit);
  });
});

describe('more than a pipe holds', () => {
  const big = (): ChildProcess =>
    spawn(process.execPath, [main, 'devices', '--json', '--host', host], { env, stdio: ['ignore', 'pipe', 'pipe'] });

  test('is whole when its reader takes its time', async () => {
    const child = big();
    await once(child.stdout ?? child, 'readable');
    const { exit, out } = await ended(child);
    expect([exit, JSON.parse(out).devices.length]).toEqual([0, 400]);
    expect(out.length).toBeGreaterThan(3 * 65_536);
  });

  test('and that nobody reads can be interrupted', async () => {
    const child = big();
    started.push(child);
    await once(child.stdout ?? child, 'readable');
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(130);
  });

  test('for a reader that has enough is no error', async () => {
    const ran = await inShell('"$@" | head -c 1; exit $PIPESTATUS', 'devices', '--json', '--host', host);
    expect([ran.exit, ran.out, ran.err.replace(NOTE, '')]).toEqual([0, '{', '']);
  });

  test('in a file that may not get that large fails, and is not killed', async () => {
    const ran = await inShell(`ulimit -f 1; exec "$@" >${folder}/out`, 'devices', '--json', '--host', host);
    const words = 'error: could not write the result to standard output: file too large\n';
    expect([ran.exit, ran.out, ran.err.replace(NOTE, '')]).toEqual([1, '', words]);
  });
});

describe('with few descriptors', () => {
  /** From those with which Node can't start to more than qplug asks for. */
  const starts = Array.from({ length: 44 }, (_, index) => index + 16);

  test('every command works, or says in words that there are too few', async () => {
    const least = starts.find((limit) => nodeStarts(limit)) ?? 0;
    expect(least).toBeGreaterThan(0);
    const tried = starts.filter((limit) => limit >= least + 3 && limit % 3 === 0);
    for (const [index, limit] of tried.entries()) {
      const { line } = COMMANDS[index % COMMANDS.length] ?? COMMANDS[0];
      const ran = await inShell(`ulimit -n ${limit}; exec "$@"`, ...wordsOf(line));
      expect([0, 1, 2, 3]).toContain(ran.exit);
      expect(ran.err, `${limit} descriptors`).not.toMatch(TRACE);
      expect(ran.err).not.toContain('mistake in qplug');
    }
  });

  const nodeStarts = (limit: number): boolean => {
    const script = `ulimit -n ${limit}; exec "$0" "$1"`;
    writeFileSync(join(folder, 'empty.mjs'), '');
    try {
      execFileSync('bash', ['-c', script, process.execPath, join(folder, 'empty.mjs')], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
});

test('what nobody caught is told as a mistake, escaped, and ends a command in order', async () => {
  const thrower = join(folder, 'thrower.mjs');
  writeFileSync(thrower, "setTimeout(() => { throw new TypeError('boom\\u001b[31m'); }, 1000);\n");
  const child = spawn(process.execPath, ['--import', thrower, main, 'devices', '--watch'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { exit, err } = await ended(child);
  expect(exit).toBe(1);
  expect(err).toContain(
    'This is a mistake in qplug itself. Please report it with these lines:\nTypeError: boom\\x1b[31m\n',
  );
});
