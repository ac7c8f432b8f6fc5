/**
 * `npm test` runs all tests, on a machine with only node and npm. It installs what the machine lacks, and prints what it does. At the end
 * it prints all failures once more, and the line `N passed, N failed`. A missing tool is a failure, never a skip.
 *
 *   node scripts/test.mjs [STAGE...]     only these stages: checks unit unit24 unit26 qemu oracle lab agent
 *   node scripts/test.mjs soak           the tests that take too long for every run: a million random inputs, every check in the lab, a day
 *                                        with the agent
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { cache, root } from './folders.mjs';
import { ensureKernel, ensureLabTools, ensureNode, ensureNpmPackages } from './setup.mjs';
import { ownTemporaryFolder } from './temporary.mjs';

/** Tests that need only Node and files. */
const UNIT = ['unit', 'fuzz'];

/** Those of the unit tests for which the release of Node makes no difference: they look at the source, or try code that uses nothing of Node. */
const SAME_ON_EACH_NODE = [
  ...['agent/decide', 'architecture', 'config', 'diag', 'planner', 'qdev', 'view', 'vm/plan'].map(
    (room) => `${room}/**`,
  ),
  ...['cli/explain.test.ts', 'cli/host-file.test.ts', 'vm/lying-qemu.test.ts'],
].map((files) => `test/unit/${files}`);

/** QPLUG_RUNS for a million inputs. */
const MANY = '60';

/** Seconds with the agent in every run, and for `npm run soak`: a day. */
const AGENT_SOAK = '300';
const AGENT_DAY = '86400';

/** QPLUG_RUNS for other releases of Node: these runs test Node, and one release has tried all inputs already. */
const FEW = '0.2';

/** What the stages beside the lab add to their `nice` value: the lab takes longest, so the others get only the processor time that it leaves. */
const NICE = 10;

/** How much of an error is printed again at the end; a counterexample of a fuzz test can be huge. */
const LINES_TOLD = 12;
const CHARACTERS_TOLD = 2_000;

const reports = join(cache, 'reports');
const wanted = new Set(process.argv.slice(2));
const asked = (stage) => wanted.size === 0 || wanted.has(stage);
const began = Date.now();
let passed = 0;
/** All failures, as text: they are printed again at the end of a long output. */
const failures = [];

function say(what) {
  const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4);
  process.stdout.write(`\n== ${seconds} s  ${what}\n`);
}

/** Runs a Node script and shows its output. @param nice - added to its `nice` value, up to 19 */
function runNode(script, args, nice = 0) {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['inherit', 'inherit', 'pipe'] });
  giveWay(child, nice);
  return endingOf(child, (text) => process.stderr.write(text));
}

/** Raises the `nice` value of a process, and so of all that it starts from now on. */
function giveWay({ pid }, nice) {
  if (pid === undefined || nice === 0) return;
  try {
    setPriority(pid, Math.min(getPriority() + nice, 19));
  } catch {
    // it has ended already, or this system does not allow it: then it keeps its `nice` value
  }
}

/** How a process ends, with what it said on stderr; `show` gets the text of all its pipes. */
async function endingOf(child, show) {
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', show);
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    show(text);
  });
  const [status] = await once(child, 'close');
  return { ok: status === 0, stderr };
}

/** Checks that pass or fail as a whole, run at the same time; shows the output of each when it has ended. */
async function checksSideBySide(checks) {
  say(Object.keys(checks).join(', '));
  const ended = Object.entries(checks).map(async ([name, [script, ...args]]) => {
    const { ok } = await runAside(process.execPath, [script, ...args], name);
    if (ok) passed += 1;
    else failures.push(name);
    return ok;
  });
  return (await Promise.all(ended)).every(Boolean);
}

/** Runs a program; shows its whole output when it has ended. @param nice - added to its `nice` value, up to 19 */
async function runAside(program, args, name, { env = process.env, nice = 0 } = {}) {
  let output = '';
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
  giveWay(child, nice);
  const ending = await endingOf(child, (text) => (output += text));
  process.stdout.write(`\n-- ${name}\n${output}`);
  return ending;
}

function vitestArguments(projects, report, workers, files = []) {
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const chosen = projects.flatMap((name) => ['--project', name]);
  return ['run', ...chosen, ...reporters, `--maxWorkers=${workers}`, ...files];
}

const VITEST = join(root, 'node_modules/vitest/vitest.mjs');
const reportOf = (name) => join(reports, `${name.replace(/\W+/g, '-')}.json`);

function count(name, { ok, stderr }, report) {
  const tests = readReport(report);
  passed += tests.passed;
  failures.push(...tests.failures.map((failure) => `${name}: ${failure}`));
  // a run that fails without a failed test (a crash, an unhandled error, no test at all) is a failure, too
  if (tests.failures.length === 0 && (!ok || tests.passed === 0))
    failures.push(`${name}: ended with a failure, though no test failed\n${beginningOf(stderr)}`);
}

/**
 * The tests of some vitest projects.
 *
 * @param workers - more than there are processors, if the tests mostly wait for QEMUs
 * @param aside - show the output when the tests have ended: other stages run meanwhile
 */
async function tests(name, projects, { workers = 2, files = [], nice = 0, aside = false } = {}) {
  say(name);
  const report = reportOf(name);
  const args = [VITEST, ...vitestArguments(projects, report, workers, files)];
  const ending = aside ? runAside(process.execPath, args, name, { nice }) : runNode(args[0], args.slice(1), nice);
  count(name, await ending, report);
}

/** An agent, and a random order of what may happen to it. */
async function soakAgent(seconds) {
  process.env.QPLUG_AGENT_SOAK = seconds;
  await tests(`${seconds} seconds with the agent`, ['soak'], { workers: 1, nice: NICE, aside: true });
}

/** Compares random predictions with the QEMUs; each counts as a test. */
async function askOracle(cases) {
  const name = `${cases} predictions, held against QEMUs of four releases`;
  say(name);
  const report = reportOf('oracle predictions');
  rmSync(report, { force: true });
  const args = ['--cases', String(cases), '--report', report];
  count(name, await runNode(join(root, 'scripts/oracle.mjs'), args, NICE), report);
}

/** Does the same for several releases of Node at the same time; shows the output of each when it has ended. */
async function testsSideBySide(runs) {
  if (runs.length > 0) say(runs.map(({ name }) => name).join(', '));
  const ended = runs.map(async ({ name, projects, node }) => {
    const report = reportOf(name);
    const args = [
      VITEST,
      ...vitestArguments(projects, report, 2),
      ...SAME_ON_EACH_NODE.flatMap((files) => ['--exclude', files]),
    ];
    count(name, await runAside(node, args, name, { env: { ...process.env, QPLUG_RUNS: FEW }, nice: NICE }), report);
  });
  await Promise.all(ended);
}

/** A report as vitest writes it: how many tests passed, and each other one by its file, its name and how its error begins. */
function readReport(path) {
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
    return { passed: numPassedTests, failures: testResults.flatMap(failuresOf) };
  } catch {
    return { passed: 0, failures: [] };
  }
}

function failuresOf({ name: file, status, message, assertionResults }) {
  const where = relative(root, file);
  const others = assertionResults.filter((test) => test.status !== 'passed');
  if (others.length === 0) return status === 'failed' ? [`${where}\n${beginningOf(message)}`] : [];
  return others.map((test) => `${where}: ${test.fullName} (${test.status})\n${beginningOf(test.failureMessages?.[0])}`);
}

const beginningOf = (text = '') =>
  stripVTControlCharacters(text).split('\n').slice(0, LINES_TOLD).join('\n').slice(0, CHARACTERS_TOLD);

/** The checks that need only the sources. */
const CHECKS = {
  types: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
  'types of the pure core': ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.pure.json'],
  'format and lint': ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'],
  'import rules': [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    '--config',
    '.dependency-cruiser.mjs',
    'src',
  ],
  'dead code': ['node_modules/knip/bin/knip.js'],
};

/** One after the other, beside the lab: each fills the processors that are left. */
async function besideTheLab(nodes) {
  await testsSideBySide(
    nodes.map(([major, node]) => ({ name: `unit tests on Node ${major}`, projects: ['unit'], node })),
  );
  if (asked('qemu')) await tests('tests with real QEMUs', ['qemu'], { workers: 4, nice: NICE });
  if (!asked('oracle')) return;
  await tests('tests with QEMUs of four releases', ['oracle'], { workers: 4, nice: NICE });
  await askOracle(800);
}

mkdirSync(reports, { recursive: true });
process.env.TMPDIR = ownTemporaryFolder();
say('what is needed');
ensureNpmPackages();
ensureLabTools();
if (!(await runNode(join(root, 'scripts/generate.mjs'), [])).ok) stop('generate');

// starts early, because it waits for a mirror most of the time; the tests try again, and report what could not be fetched
const fetched = ['unit24', 'unit26', 'oracle', 'lab', 'agent'].some(asked)
  ? runAside(process.execPath, [join(root, 'scripts/setup.mjs')], 'what is fetched from mirrors')
  : undefined;
// the checks do not need the build
const checked = asked('checks') ? checksSideBySide(CHECKS) : undefined;
if (!(await checksSideBySide({ build: [join(root, 'scripts/build.mjs')] }))) stop('build');
if (asked('unit')) await tests('unit tests', UNIT, { workers: 3 });
await checked;
await fetched;
// all steps that may fail without a test end before two stages run at once
const nodes = [24, 26].filter((major) => asked(`unit${major}`)).map((major) => [major, ensureNode(major)]);
if (asked('lab')) ensureKernel();
const lab = asked('lab') ? tests('tests in the lab, with real USB devices', ['lab'], { aside: true }) : undefined;
// it waits most of the time
const withAgent = asked('agent') ? soakAgent(AGENT_SOAK) : undefined;
await besideTheLab(nodes);
await withAgent;
await lab;
if (wanted.has('soak')) {
  process.env.QPLUG_RUNS = MANY;
  process.env.QPLUG_SOAK = '1';
  await tests('a million random inputs', ['fuzz']);
  await tests('a thousand attaches and detaches', ['qemu'], { files: ['test/qemu/vm/attach-soak.test.ts'] });
  const files = ['test/oracle/crash.test.ts', 'test/oracle/race.test.ts'];
  await tests('kills and races, with QEMUs of three releases', ['oracle'], { files });
  ensureKernel();
  await tests('every check in the lab', ['lab']);
  await soakAgent(AGENT_DAY);
}

/** No test can run without it. */
function stop(what) {
  process.stdout.write(`FAILED: ${what}\n\n0 passed, 1 failed\n`);
  process.exit(1);
}

const took = Math.round((Date.now() - began) / 1000);
process.stdout.write(`\n${took} s in all\n`);
for (const failure of failures) process.stdout.write(`\nFAILED: ${failure}\n`);
process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`);
process.exit(failures.length === 0 ? 0 : 1);
