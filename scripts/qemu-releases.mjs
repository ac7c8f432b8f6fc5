/**
 * QEMUs of other Debian releases, side by side in the cache: each is unpacked with its own libraries and its own dynamic linker. Installs
 * nothing. The packages come from the mirror of this machine's apt, which checks them with its keys.
 *
 *   node scripts/qemu-releases.mjs [NAME...]     fetches these (or all) and prints where they are
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './apt.mjs';
import { debianSources } from './debian-sources.mjs';
import { cache } from './folders.mjs';

/** The releases of QEMU that the oracle asks. Sid changes: the real version is `version` of what ensureQemuRelease returns. */
export const RELEASES = [
  { name: '5.2', suite: 'bullseye' },
  { name: '7.2', suite: 'bookworm' },
  { name: '10.0', suite: 'trixie' },
  { name: '11.1', suite: 'sid' },
];

/** Their other dependencies (firmware, libraries, usb-host as a module since 6.1) follow from these. */
const PACKAGES = ['qemu-system-x86', 'qemu-system-arm'];
const PROGRAMS = { x86_64: 'qemu-system-x86_64', aarch64: 'qemu-system-aarch64' };
/** Device models without which a release is of no use here. */
const MODELS = ['usb-host', 'usb-redir', 'qemu-xhci'];

const home = join(cache, 'qemu');
const LIB = 'usr/lib/x86_64-linux-gnu';
/** Debian has merged /lib into /usr/lib since 12; before, libraries are in both. */
const LIBRARY_FOLDERS = [LIB, 'lib/x86_64-linux-gnu', `${LIB}/pulseaudio`, `${LIB}/systemd`];
/** Is beside the emulators, because QEMU looks for its own files from the folder of the started program. */
const LINKER = 'usr/bin/ld.so';
/** The folders that are kept of the unpacked packages, a third of them. */
const KEPT = ['lib', LIB, 'usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe'];
const DROPPED = [`${LIB}/gconv`, `${LIB}/perl-base`];

/**
 * A release of QEMU that runs on this machine.
 *
 * @typedef {object} QemuRelease
 * @property {string} name - as in RELEASES
 * @property {string} version - what its --version prints, such as `11.1.3`
 * @property {string} program - a program file that starts its x86-64 machine emulator (a script, for hands and for `qemu.binary`)
 * @property {string} linker - its own dynamic linker
 * @property {string[]} libraries - folders of its own libraries
 * @property {{ x86_64: string, aarch64: string }} emulators - the ELF files; they run under `linker` only
 * @property {string[]} data - folders of its firmware, for -L
 * @property {Record<string, string>} env - what its environment needs
 */

/**
 * Fetches and unpacks a release unless it is in the cache. Two calls at once, or a kill midway, do no harm: a release gets its place
 * only when it is complete.
 *
 * @param {string} name - one of RELEASES
 * @returns {Promise<QemuRelease>}
 * @throws {Error} naming the command that failed and its last words
 */
export async function ensureQemuRelease(name) {
  const release = RELEASES.find((one) => one.name === name);
  if (!release) throw new Error(`no QEMU ${name} here; there are ${RELEASES.map((one) => one.name).join(', ')}`);
  const folder = join(home, name);
  if (!existsSync(join(folder, 'release.json'))) fetchRelease(release, folder);
  return described(folder, name, JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8')).version);
}

/** @returns {QemuRelease} */
function described(folder, name, version) {
  const at = (path) => join(folder, path);
  return {
    name,
    version,
    program: at(PROGRAMS.x86_64),
    linker: at(LINKER),
    libraries: LIBRARY_FOLDERS.map(at).filter((path) => existsSync(path)),
    emulators: { x86_64: at(`usr/bin/${PROGRAMS.x86_64}`), aarch64: at(`usr/bin/${PROGRAMS.aarch64}`) },
    data: ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu'].map(at).filter((path) => existsSync(path)),
    env: { QEMU_MODULE_DIR: at(`${LIB}/qemu`) },
  };
}

/**
 * The command line that starts a release.
 *
 * @param {QemuRelease} release
 * @param {{ emulator?: 'x86_64' | 'aarch64', librariesFirst?: string[] }} [options] - `librariesFirst`: folders whose libraries win
 *   over its own
 * @returns {string[]} program and first arguments; `release.env` belongs to it
 */
export function qemuCommand(release, { emulator = 'x86_64', librariesFirst = [] } = {}) {
  const path = [...librariesFirst, ...release.libraries].join(':');
  const data = release.data.flatMap((folder) => ['-L', folder]);
  return [release.linker, '--inhibit-cache', '--library-path', path, release.emulators[emulator], ...data];
}

function fetchRelease({ name, suite }, folder) {
  if (process.arch !== 'x64') throw new Error(`QEMU ${name} is unpacked for x86-64; this machine is ${process.arch}`);
  console.log(`qemu: fetching and unpacking QEMU ${name} of Debian ${suite} (about 60 MB; nothing is installed)`);
  mkdirSync(home, { recursive: true });
  clearLeftovers();
  const work = mkdtempSync(join(home, `unpacking-${process.pid}-`));
  try {
    const tree = join(work, 'tree');
    for (const deb of download(suite, join(work, 'apt'))) run(['dpkg', '-x', deb, tree]);
    const kept = join(work, 'kept');
    keep(tree, kept);
    const version = seenToRun(described(kept, name, ''));
    writeFileSync(join(kept, PROGRAMS.x86_64), wrapper(described(kept, name, version), kept), { mode: 0o755 });
    writeFileSync(join(kept, 'release.json'), `${JSON.stringify({ name, suite, version })}\n`);
    try {
      renameSync(kept, folder);
    } catch (error) {
      if (!existsSync(join(folder, 'release.json'))) throw error; // another process was faster
    }
    console.log(`qemu: QEMU ${version} is in ${folder}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Removes what a killed process left behind. */
function clearLeftovers() {
  for (const entry of readdirSync(home)) {
    const [, pid] = /^unpacking-(\d+)-/.exec(entry) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(home, entry), { recursive: true, force: true });
  }
}

/**
 * Downloads the packages and all they depend on, as if nothing were installed.
 *
 * @returns {string[]} the .deb files
 */
function download(suite, folder) {
  for (const part of ['lists/partial', 'cache/archives/partial', 'etc'])
    mkdirSync(join(folder, part), { recursive: true });
  const sources = debianSources(suite);
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, `etc/from.${sources.format}`), sources.text);
  writeFileSync(join(folder, 'apt.conf'), aptConfiguration(folder, sources.format));
  const apt = ['apt-get', '-c', join(folder, 'apt.conf'), '-qq', '--no-install-recommends'];
  try {
    run([...apt, 'update', '--error-on=any']);
    run([...apt, '-y', '--download-only', 'install', ...PACKAGES]);
  } catch (error) {
    throw new Error(
      `${error.message}\nNo packages of Debian ${suite}. Does the mirror of this machine's apt still carry ${suite}? ` +
        `Old releases move to the archive of Debian's old releases: QPLUG_DEBIAN_MIRROR=URL names another mirror.`,
    );
  }
  const archives = join(folder, 'cache/archives');
  return readdirSync(archives)
    .filter((file) => file.endsWith('.deb'))
    .map((file) => join(archives, file));
}

/** apt reads this after the machine's own configuration: proxies and credentials stay, its lists, pins and hooks do not. */
const aptConfiguration = (folder, format) => `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
#clear APT::Default-Release;
APT::Architecture "amd64";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::SourceList "${folder}/etc/from.${format}";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "${folder}";
Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Cache::archives "archives";
`;

/** Moves the needed files out of the unpacked packages. */
function keep(tree, kept) {
  for (const path of DROPPED) rmSync(join(tree, path), { recursive: true, force: true });
  const binaries = Object.values(PROGRAMS).map((file) => `usr/bin/${file}`);
  for (const path of [...KEPT, ...binaries]) {
    if (!existsSync(join(tree, path))) continue;
    mkdirSync(join(kept, path, '..'), { recursive: true });
    renameSync(join(tree, path), join(kept, path));
  }
  const linker = LIBRARY_FOLDERS.map((path) => join(kept, path, 'ld-linux-x86-64.so.2')).find((path) =>
    existsSync(path),
  );
  if (!linker) throw new Error('the packages hold no dynamic linker');
  copyFileSync(linker, join(kept, LINKER));
  // Since 7.1 QEMU takes a folder of this name as its root. Without it QEMU also tries the modules of an installed QEMU of another
  // release, and may then end on an assertion (util/cutils.c, get_relocated_path; util/module.c).
  symlinkSync('../..', join(kept, 'usr/bin/qemu-bundle'));
}

/** Runs both emulators, and looks for the devices that the oracle needs. */
function seenToRun(release) {
  const tell = (emulator, ...args) => {
    const [file, ...first] = qemuCommand(release, { emulator });
    return execFileSync(file, [...first, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...release.env },
      stdio: 'pipe',
    });
  };
  for (const emulator of ['aarch64', 'x86_64']) {
    const models = tell(emulator, '-device', 'help');
    const lacking = MODELS.filter((model) => !models.includes(`"${model}"`));
    if (lacking.length > 0) throw new Error(`${release.emulators[emulator]} has no ${lacking.join(', ')}`);
  }
  const [, version] = /version (\d+\.\d+\.\d+)/.exec(tell('x86_64', '--version')) ?? [];
  if (!version) throw new Error(`${release.emulators.x86_64} --version tells no version`);
  return version;
}

/** A script that starts the x86-64 emulator, in whatever folder it is. */
function wrapper(release, folder) {
  const shown = (word) => `"${word.replaceAll(folder, '$here')}"`;
  const settings = Object.entries(release.env).map(([name, value]) => `export ${name}=${shown(value)}`);
  const command = qemuCommand(release).map(shown).join(' ');
  return ['#!/bin/sh', 'here=$(dirname "$(readlink -f "$0")")', ...settings, `exec ${command} "$@"`, ''].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const names = process.argv.slice(2);
    for (const name of names.length > 0 ? names : RELEASES.map((one) => one.name)) {
      const { version, program } = await ensureQemuRelease(name);
      console.log(`qemu: ${name} is ${version}: ${program}`);
    }
  } catch (error) {
    console.error(`qemu: ${error.message}`);
    process.exitCode = 1;
  }
}
