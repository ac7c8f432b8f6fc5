import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pico from 'picocolors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Recording, recordedSysfs } from '../../../src/host/index.js';
import { UNSAFE } from '../diag/unsafe.js';
import { recording } from '../host/recordings.js';
import { qplug } from './fake-terminal.js';

/** Every command beside a VM, a host and files in which every text is as bad as it gets: what it prints, byte by byte. */

/** A colour as our own, a title, C1, separators of lines, directions, what is not seen, half a pair, and lines of its own. */
const EVIL =
  '\u001b[31mred\u001b[39m\u001b]0;t\u0007\u009b1m\u0085\u2028\u202e\u200b\u007f\ufeff\ud800\r\nFORGED\nFORGED\\x1b';

/** The same as the name of an object, which is sent back: half a pair can't be. */
const NAME = EVIL.replace('\ud800', '');

const folder = mkdtempSync(join(tmpdir(), 'qplug-hostile-'));
const socket = join(folder, 'vm.qmp');
const file = join(folder, 'vm.json');
const sysfs = recordedSysfs(evilRecording());
let server: Server;
let fake: ChildProcess;
const clients = new Set<Socket>();

beforeAll(async () => {
  server = createServer((client) => {
    clients.add(client);
    client.on('error', () => undefined);
    serve(client);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  fake = await evilProcess();
  const devices = [{ select: '1-2', id: 'stick' }, { select: `"${EVIL}"` }];
  writeFileSync(
    file,
    JSON.stringify({ name: EVIL, machine: 'q35', [EVIL]: EVIL, qemu: { args: [EVIL] }, usb: { devices } }),
  );
});
afterAll(async () => {
  fake.kill('SIGKILL');
  await once(fake, 'exit');
  for (const client of clients) client.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

/** A shell that is called as a QEMU is, and whose arguments say what it likes. */
async function evilProcess(): Promise<ChildProcess> {
  const program = join(folder, 'qemu-system-evil');
  copyFileSync(realpathSync('/bin/sh'), program);
  const words = ['-name', EVIL, '-M', EVIL, '-qmp', `unix:/${EVIL},server=on`, '-monitor', `file:${EVIL}`];
  const child = spawn(program, ['-c', 'echo ready; read line', ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout ?? child, 'data');
  return child;
}

/** The recording of a real host whose devices call themselves what they like. */
function evilRecording(): Recording {
  const source = recording('six-devices');
  const texts = Object.keys(source.sys).filter((path) => /\/(product|manufacturer|serial)$/.test(path));
  return { ...source, sys: { ...source.sys, ...Object.fromEntries(texts.map((path) => [path, { text: EVIL }])) } };
}

type Reply = { readonly return: unknown } | { readonly error: { readonly class: string; readonly desc: string } };

/** A QEMU with one controller and one device, which are called as it likes; what it is not asked for in peace it refuses. */
function serve(client: Socket): void {
  const send = (message: object): void => void client.write(`${JSON.stringify(message)}\r\n`);
  send({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: EVIL }, capabilities: [] } });
  let rest = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((one) => one.trim() !== '')) {
      const { execute, arguments: given = {}, id } = JSON.parse(line);
      send({ event: 'DEVICE_DELETED', data: { device: EVIL, path: EVIL }, timestamp: { seconds: 1, microseconds: 1 } });
      send({ ...reply(execute, given), id });
    }
  });
}

function reply(command: string, given: Readonly<Record<string, string>>): Reply {
  const { path = '', property = '' } = given;
  switch (command) {
    case 'qmp_capabilities':
      return { return: {} };
    case 'qom-list':
      return { return: childrenOf(path) };
    case 'qom-get':
      return { return: propertyOf(property) };
    case 'query-status':
      return { return: { running: true, singlestep: false, status: EVIL } };
    case 'x-query-usb':
      return {
        return: { 'human-readable-text': `  Device 0.1, Port 1, Speed 12 Mb/s, Product ${EVIL}, ID: ${EVIL}\n` },
      };
    case 'query-name':
      return { return: { name: EVIL, [EVIL]: EVIL } };
    case 'query-block':
    case 'query-named-block-nodes':
      return { return: [] };
    default:
      return { error: { class: `GenericError${EVIL}`, desc: EVIL.repeat(3) } };
  }
}

function childrenOf(path: string): object[] {
  if (path === '/machine') return [{ name: 'peripheral', type: 'child<container>' }];
  if (path === '/machine/peripheral') {
    return [
      { name: `x${NAME}`, type: 'child<qemu-xhci>' },
      { name: `d${NAME}`, type: 'child<usb-mouse>' },
    ];
  }
  if (path === `/machine/peripheral/x${NAME}`) return [{ name: `${NAME}.0`, type: 'child<usb-bus>' }];
  return path.endsWith('.0') ? [{ name: 'child[0]', type: 'link<usb-mouse>' }] : [];
}

function propertyOf(property: string): unknown {
  if (property.startsWith('child[')) return `/machine/peripheral/d${NAME}`;
  if (property === 'attached') return true;
  return property === 'p2' || property === 'p3' ? 4 : EVIL;
}

const LINES: readonly (readonly string[])[] = [
  ['attach', socket, '--emulated', 'usb-tablet', '--verbose', '--timeout', '1'],
  ['attach', socket, '1-2', '--verbose', '--timeout', '1', '--guard-off', 'all'],
  ['detach', socket, `d${NAME}`, '--timeout', '1'],
  ['status', socket],
  ['status', socket, '--svg', '-'],
  ['plan', socket, '1-2', '--explain'],
  ['plan', socket, '--count'],
  ['plan', file, '--host', join(folder, EVIL)],
  ['plan', file],
  ['argv', file],
  ['run', file],
  ['rebalance', socket],
  ['qmp', socket, 'query-name'],
  ['qmp', socket, EVIL],
  ['qmp', socket, 'query-name', `{${EVIL}`],
  ['share', socket, '--listen', join(folder, EVIL, EVIL)],
  ['share', EVIL],
  ['snapshot', 'list', socket],
  ['snapshot', 'save', socket, EVIL],
  ['suspend', socket],
  ['resume', socket],
  ['migrate', socket, `exec:${EVIL}`],
  ['shutdown', socket, '--timeout', '1'],
  ['kill', socket],
  ['release', EVIL],
  ['claims'],
  ['assign', 'bench', EVIL, '--controller', EVIL],
  ['assign', EVIL, '1-2'],
  ['assignments'],
  ['assignments', EVIL],
  ['unassign', 'bench', EVIL.repeat(2)],
  ['unassign', 'bench', '--all'],
  ['adopt', join(folder, NAME), '--name', 'guest'],
  ['adopt', EVIL, '--name', EVIL],
  ['list'],
  ['vms'],
  ['agent', 'status'],
  ['agent', EVIL],
  ['events', '--vm', EVIL],
  ['wait', socket, EVIL, '--timeout', '0'],
  ['wait', EVIL, '--timeout', '0'],
  ['mend', '--after', EVIL],
  ['devices'],
  ['devices', '--tree'],
  ['devices', EVIL],
  ['doctor', '--binary', EVIL],
  ['help', EVIL],
  [EVIL],
  ['status', `--${EVIL}`],
  ['status', EVIL],
];

const colors = pico.createColors(true);
/** What our own colours are made of. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with an escape character
const OWN = /\u001b\[(?:1|2|22|3[1236]|39)m/g;

for (const line of LINES) {
  for (const more of [[], ['--json']]) {
    if (line.includes('--svg') && more.length > 0) continue;
    test(`${[...line, ...more].map((word) => JSON.stringify(word).slice(0, 30)).join(' ')}`, async () => {
      const { out, err } = await qplug([...line, ...more], {
        ...{ sysfs, outColors: colors, errColors: colors },
        env: { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(folder, 'run') },
      });
      for (const text of [out, err]) {
        expect(text.replaceAll(OWN, '').replaceAll('\n', '')).not.toMatch(UNSAFE);
        // a colour of our own stands for a word of ours, never for what was in a text from outside
        expect(text).not.toContain('\u001b[31mred');
        expect(text).not.toMatch(/^\s*FORGED/m);
        expect(text).not.toContain('mistake in qplug');
      }
      if (more.length > 0 && out !== '') expect(() => JSON.parse(out)).not.toThrow();
    });
  }
}

test('what a process calls itself is shown, escaped', async () => {
  const { out } = await qplug(['vms'], {
    env: { PATH: '', QPLUG_RUNTIME_DIR: join(folder, 'run') },
    columns: undefined,
  });
  expect(out).toContain('\\x1b[31mred');
});

test('what the VM and the host call their devices is shown, escaped', async () => {
  for (const words of [['status', socket], ['devices'], ['attach', socket, '--emulated', 'usb-tablet', '-v']]) {
    const { out, err } = await qplug(words, {
      sysfs,
      env: { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(folder, 'run') },
    });
    expect(out + err).toContain('\\x1b[31mred');
  }
});

test('there is a line of every command', async () => {
  const { COMMANDS } = await import('../../../src/cli/commands/index.js');
  const tried = new Set(LINES.map(([name]) => name));
  expect(COMMANDS.filter(({ name }) => !tried.has(name)).map(({ name }) => name)).toEqual([]);
  expect(existsSync(socket)).toBe(true);
});
