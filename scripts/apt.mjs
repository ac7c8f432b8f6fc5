// Debian packages: finds out which are installed, and installs the others.
import { spawnSync } from 'node:child_process';

/** The environment of every apt call: English text, no questions. */
const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

/**
 * Runs a command to its end.
 *
 * @param {string[]} argv
 * @param {{cwd?: string}} [options]
 * @returns {string} its standard output
 * @throws {Error} naming the command, its exit code and its last words
 */
export function run([command, ...args], options = {}) {
  const done = spawnSync(command, args, { ...options, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.error) throw new Error(`${command}: ${done.error.message}`);
  if (done.status !== 0) {
    const words = `${done.stdout}\n${done.stderr}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`\`${[command, ...args].join(' ')}\` ended with ${done.signal ?? done.status}:\n${words}`);
  }
  return done.stdout;
}

/**
 * The packages of a list that are not installed.
 *
 * @param {string[]} packages
 * @returns {string[]}
 */
export function missing(packages) {
  return packages.filter((name) => {
    const asked = spawnSync('dpkg-query', ['-s', name], { env, encoding: 'utf8' });
    if (asked.error) throw new Error('dpkg-query is not here: qplug sets up its tests on Debian alone');
    return !asked.stdout.includes('\nStatus: install ok installed\n');
  });
}

/** Fetches the package lists, so that a later install asks for versions that the archive still has. */
export function updateLists() {
  run(['apt-get', '-qq', 'update']);
}

/**
 * Installs the packages of the list that are not installed.
 *
 * @param {string[]} packages
 * @param {(line: string) => void} say
 * @throws {Error} with the apt-get line to type, when a package is missing and this process is not root
 */
export function ensurePackages(packages, say) {
  const lacking = missing(packages);
  if (lacking.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...lacking];
  if (process.getuid?.() !== 0)
    throw new Error(
      `These Debian packages are missing: ${lacking.join(' ')}\nAs root: apt-get update && ${install.join(' ')}`,
    );
  say(`installing Debian packages: ${lacking.join(' ')}`);
  updateLists();
  run(['apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0', ...install.slice(1)]);
  const still = missing(lacking);
  if (still.length > 0) throw new Error(`apt-get ended well, yet these packages are missing: ${still.join(' ')}`);
}
