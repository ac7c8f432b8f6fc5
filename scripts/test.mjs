/**
 * `npm test`: everything, on a machine with only node and npm. Installs what it lacks, says what it does, and ends with the
 * line `N passed, N failed`. A tool that is missing is a failure, never a skip.
 *
 *   node scripts/test.mjs [STAGE...]     only these stages: checks unit unit24 unit26 qemu lab
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './folders.mjs';
import { ensureKernel, ensureLabTools, ensureNode, ensureNpmPackages } from './setup.mjs';

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

/** The tests of one vitest project under one Node. */
function tests(name, project, { node = process.execPath, more = [] } = {}) {
  say(name);
  const report = join(reports, `${name.replace(/\W+/g, '-')}.json`);
  rmSync(report, { force: true });
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...more,
  ];
  const ok = runNode(node, args);
  const counts = readReport(report);
  passed += counts.passed;
  failed += counts.failed;
  // a run that fails without a failed test (a crash, an unhandled error, no test at all) is a failure all the same
  if ((!ok && counts.failed === 0) || counts.passed + counts.failed === 0) failed += 1;
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
if (asked('unit')) tests('unit tests', 'unit', { more: ['--coverage'] });
if (asked('unit24')) tests('unit tests on Node 24', 'unit', { node: ensureNode(24) });
if (asked('unit26')) tests('unit tests on Node 26', 'unit', { node: ensureNode(26) });
if (asked('qemu')) tests('tests with real QEMUs', 'qemu');
if (asked('lab')) {
  ensureKernel();
  tests('tests in the lab, with real USB devices', 'lab', { more: ['--maxWorkers=2'] });
}

process.stdout.write(`\n${Math.round((Date.now() - began) / 1000)} s in all\n\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
