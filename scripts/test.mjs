/**
 * `npm test`: everything, on a machine with only node and npm. Installs what it lacks, says what it does, and ends with the
 * line `N passed, N failed`. A tool that is missing is a failure, never a skip.
 *
 *   node scripts/test.mjs [STAGE...]     only these stages: checks unit unit24 unit26 qemu oracle lab
 *   node scripts/test.mjs soak           what takes too long for every run: a million random inputs, every check in the lab
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './folders.mjs';
import { ensureKernel, ensureLabTools, ensureNode, ensureNpmPackages } from './setup.mjs';

/** Tests of no more than Node and files. */
const UNIT = ['unit', 'fuzz'];

/** QPLUG_RUNS for a million inputs. */
const MANY = '60';

const reports = join(cache, 'reports');
const wanted = new Set(process.argv.slice(2));
const asked = (stage) => wanted.size === 0 || wanted.has(stage);
const began = Date.now();
let passed = 0;
let failed = 0;

function say(what) {
  const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4);
  process.stdout.write(`\n== ${seconds} s  ${what}\n`);
}

function runNode(node, args) {
  return spawnSync(node, args, { cwd: root, stdio: 'inherit', env: process.env }).status === 0;
}

/** One check that passes or fails as a whole. */
function check(name, script, args = []) {
  say(name);
  const ok = runNode(process.execPath, [join(root, 'node_modules', script), ...args]);
  if (ok) passed += 1;
  else failed += 1;
  if (!ok) process.stdout.write(`FAILED: ${name}\n`);
}

function vitest(projects, report, workers, more) {
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const chosen = projects.flatMap((name) => ['--project', name]);
  return [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...chosen,
    ...reporters,
    `--maxWorkers=${workers}`,
    ...more,
  ];
}

const reportOf = (name) => join(reports, `${name.replace(/\W+/g, '-')}.json`);

function count(ok, report) {
  const counts = readReport(report);
  passed += counts.passed;
  failed += counts.failed;
  // a run that fails without a failed test (a crash, an unhandled error, no test at all) is a failure all the same
  if ((!ok && counts.failed === 0) || counts.passed + counts.failed === 0) failed += 1;
}

/** The tests of some vitest projects. */
function tests(name, projects, more = []) {
  say(name);
  const report = reportOf(name);
  count(runNode(process.execPath, vitest(projects, report, 2, more)), report);
}

/** Random predictions, held against the QEMUs; each counts like a test. */
function askOracle(cases) {
  say(`${cases} predictions, held against QEMUs of four releases`);
  const report = reportOf('oracle predictions');
  rmSync(report, { force: true });
  const script = join(root, 'scripts/oracle.mjs');
  count(runNode(process.execPath, [script, '--cases', String(cases), '--report', report]), report);
}

/** The same at the same time for several releases of Node; what each prints is shown when it has ended. */
async function testsSideBySide(runs) {
  if (runs.length > 0) say(runs.map(({ name }) => name).join(', '));
  const ended = runs.map(async ({ name, projects, node }) => {
    const report = reportOf(name);
    const child = spawn(node, vitest(projects, report, 1, []), {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [status] = await once(child, 'close');
    process.stdout.write(`\n-- ${name}\n${output}`);
    count(status === 0, report);
  });
  await Promise.all(ended);
}

function readReport(path) {
  try {
    const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(path, 'utf8'));
    return { passed: numPassedTests, failed: numTotalTests - numPassedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

mkdirSync(reports, { recursive: true });
say('what is needed');
ensureNpmPackages();
ensureLabTools();

say('build');
if (!runNode(process.execPath, [join(root, 'scripts/build.mjs')])) {
  process.stdout.write('FAILED: build\n\n0 passed, 1 failed\n');
  process.exit(1);
}
passed += 1;

if (asked('checks')) {
  check('format and lint', '@biomejs/biome/bin/biome', ['ci', '.']);
  check('types', 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json']);
  check('types of the pure core', 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.pure.json']);
  check('import rules', 'dependency-cruiser/bin/dependency-cruise.mjs', ['--config', '.dependency-cruiser.mjs', 'src']);
  check('dead code', 'knip/bin/knip.js');
}
if (asked('unit')) tests('unit tests', UNIT, ['--coverage']);
const others = [24, 26].filter((major) => asked(`unit${major}`)).map((major) => [major, ensureNode(major)]);
await testsSideBySide(others.map(([major, node]) => ({ name: `unit tests on Node ${major}`, projects: UNIT, node })));
if (asked('qemu')) tests('tests with real QEMUs', ['qemu']);
if (asked('oracle')) {
  tests('tests with QEMUs of four releases', ['oracle']);
  askOracle(800);
}
if (asked('lab')) {
  ensureKernel();
  tests('tests in the lab, with real USB devices', ['lab']);
}
if (wanted.has('soak')) {
  process.env.QPLUG_RUNS = MANY;
  tests('a million random inputs', ['fuzz']);
  tests('a thousand attaches and detaches', ['qemu'], ['test/qemu/attach-soak.test.ts']);
  ensureKernel();
  process.env.QPLUG_SOAK = '1';
  tests('every check in the lab', ['lab']);
}

process.stdout.write(`\n${Math.round((Date.now() - began) / 1000)} s in all\n\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
