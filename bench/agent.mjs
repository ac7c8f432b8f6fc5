/**
 * `node bench/agent.mjs [PART...]` measures the agent. `plug`: what it adds to a bare `device_add`, and to a udev rule that calls a script.
 * `up`: how soon a VM that starts has its device.
 * `rest`: what it costs while nothing happens, and after 20,000 looks. `many`: 100 VMs and 10,000 changes. Needs the build.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ensurePackages } from '../scripts/apt.mjs';
import { ensureNode } from '../scripts/setup.mjs';
import { median } from './ratio.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const parts = process.argv.slice(2);
const asked = (part) => parts.length === 0 || parts.includes(part);

/** s in which nothing happens. */
const REST = 20;
const LOOKS = 20_000;

/** Each file of a bundle keeps its own place. */
const ownPlace = {
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('ts') ? 'ts' : 'js',
    }));
  },
};

/** Runs one of the TypeScript files in bench/agent. @returns what it prints, as JSON */
async function measure(source, ...args) {
  const folder = mkdtempSync(join(top, '.cache/bench-'));
  try {
    const outfile = join(folder, `${source}.mjs`);
    await build({
      entryPoints: [join(top, 'bench/agent', `${source}.ts`)],
      ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
      external: ['libsql', 'esbuild'],
      plugins: [ownPlace],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const ran = spawnSync(process.execPath, [outfile, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (ran.status !== 0) throw new Error(`${source} ended with ${ran.status}`);
    return JSON.parse(ran.stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const WORDS = {
  bare: 'a bare device_add on an open connection',
  script: 'a udev rule that calls a script (sh, socat)',
  toAdd: 'agent: event -> device_add sent',
  toAnswer: 'agent: event -> device_add answered',
  toEvent: 'agent: event -> verified, and told',
  toDel: 'agent: unplug event -> device_del sent',
};

function line(what, figure) {
  process.stdout.write(`${what.padEnd(48)} ${figure}\n`);
}

const VM_WORDS = {
  toGreeting: "a client that waits for the socket: QEMU's greeting",
  bareAdded: 'the same: its device_add answered',
  toAdd: 'agent: socket -> device_add sent',
  add: 'agent: that device_add',
  toEvent: 'agent: socket -> verified, and told',
};

async function up() {
  const figures = await measure('vm-rounds', '11');
  for (const [name, what] of Object.entries(VM_WORDS)) line(what, `${median(figures[name]).toFixed(1).padStart(7)} ms`);
}

async function plug() {
  ensurePackages(['socat'], (text) => process.stderr.write(`${text}\n`));
  const figures = await measure('plug-rounds', '21');
  const bare = median(figures.bare);
  for (const [name, what] of Object.entries(WORDS)) {
    const ms = median(figures[name]);
    line(what, `${ms.toFixed(1).padStart(7)} ms  ${(ms / bare).toFixed(1).padStart(5)} × the bare device_add`);
  }
}

/** Memory in MB and context switches of a process. */
function stateOf(pid) {
  const field = (file, name) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]);
  return {
    resident: field('smaps_rollup', 'Rss') / 1024,
    anonymous: field('smaps_rollup', 'Anonymous') / 1024,
    switches: field('status', 'voluntary_ctxt_switches'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

async function rest(node) {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-bench-'));
  const env = {
    PATH: process.env.PATH,
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  const agent = spawn(node, [join(top, 'dist/cli/main.js'), 'agent'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(agent, 'close');
  try {
    await once(agent.stderr, 'data');
    await delay(5000);
    const before = stateOf(agent.pid);
    await delay(REST * 1000);
    const idle = stateOf(agent.pid);
    await ask(join(folder, 'run/agent/control.sock'), LOOKS);
    await delay(2000);
    const after = stateOf(agent.pid);
    const { version } = JSON.parse(
      spawnSync(node, ['-p', 'JSON.stringify({ version: process.version })'], { encoding: 'utf8' }).stdout,
    );
    const told = ({ resident, anonymous, descriptors }) =>
      `${resident.toFixed(1)} MB resident, ${anonymous.toFixed(1)} anonymous, ${descriptors} descriptors`;
    line(`at rest, Node ${version}`, `${told(idle)}; ${idle.switches - before.switches} switches in ${REST} s`);
    line(`after ${LOOKS} looks`, told(after));
  } finally {
    agent.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks the agent to look, again and again, each time after the answer. */
async function ask(path, times) {
  const socket = createConnection({ path });
  socket.setEncoding('utf8');
  let answers = 0;
  socket.on('data', (text) => {
    answers += text.split('\n').length - 1;
  });
  await once(socket, 'connect');
  for (let n = 0; n < times; n++) {
    socket.write('{"id":1,"do":"look"}\n');
    while (answers <= n) await delay(1);
  }
  socket.destroy();
}

async function many() {
  const { vms, events, ms, before, after } = await measure('many-vms');
  const told = ({ descriptors, rss, looks, readings }) =>
    `${descriptors} descriptors, ${rss} MB resident, ${looks} looks, ${readings} inventories`;
  line(`${vms} VMs, before ${events} changes`, told(before));
  line(`after them (${ms} ms)`, told(after));
}

if (asked('plug')) await plug();
if (asked('up')) await up();
if (asked('rest')) for (const node of [process.execPath, ensureNode(24)]) await rest(node);
if (asked('many')) await many();
