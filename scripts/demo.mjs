/**
 * `npm run demo` shows the main job on real input. It boots the lab, a small emulated machine with USB devices, and runs `devices`,
 * `plan`, `run`, `attach`, `status`, `detach` and `shutdown` in it, as they look in a terminal.
 *
 *   npm run demo                      in the lab; this machine needs no USB
 *   npm run demo -- --here SELECTOR   on this machine, with that device of yours: a VM gets it, and the host gets it back
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { powerButtonGuest } from '../test/guests/power-button.mjs';
import { root } from './folders.mjs';
import { loadLab } from './lab.mjs';
import { ensureLabTools, ensureNpmPackages } from './setup.mjs';
import { ownTemporaryFolder } from './temporary.mjs';

/** ms for the whole demo in the lab: a quiet machine takes a minute and a half. */
const DEADLINE = 3_600_000;

/** The devices that the demo attaches in the lab while the VM runs: a high-speed disk, and a keyboard of 12 Mb/s. */
const IN_THE_LAB = ['serial=HS0001', 'keyboard'];

const say = (what) => process.stdout.write(`demo: ${what}\n`);

/** A folder with the VM's file and disk, and a `qplug` command. */
function lay(folder, device) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'scripts/demo/tour.sh'), join(folder, 'tour.sh'));
  writeFileSync(join(folder, 'guest.img'), powerButtonGuest());
  writeFileSync(
    join(folder, 'demo.yaml'),
    `name: demo
machine: q35
memory: 128M
drives: [{ file: guest.img, format: raw }]
qemu: { args: [-nic, none, -serial, 'file:guest.log'] }
usb:
  controllers:
    - { id: xhci, model: qemu-xhci, ports: 4 }
  devices:
${device === undefined ? '' : `    - ${device}\n`}    - { emulated: usb-tablet }
`,
  );
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A command `qplug`, made of this Node and of the bundle in a place where it finds its library. The lab has it under the same path.
 *
 * @param slow - the machine is emulated: waits of half a minute elsewhere are five minutes there
 */
function command(folder, slow) {
  const path = join(folder, 'qplug');
  const main = [process.execPath, join(root, 'dist/cli/main.js')].map(quoted).join(' ');
  const patient = slow ? 'case $1 in run | attach | detach | status | plan) set -- "$@" --timeout 300 ;; esac\n' : '';
  writeFileSync(path, `#!/bin/sh\n${patient}exec ${main} "$@"\n`);
  chmodSync(path, 0o755);
}

async function inTheLab() {
  const { boot, newLogFolder, standardHost } = await loadLab();
  const out = newLogFolder('demo');
  lay(join(out, 'demo'), 'serial=SS0001');
  command(join(out, 'demo'), true);
  const plain = process.stdout.isTTY ? '' : 'NO_COLOR=1 ';
  say('booting a machine with six USB devices (in software: a command takes it a second or two)');
  const line = `PATH=/out/demo:$PATH ${plain}sh /out/demo/tour.sh /out/demo ${IN_THE_LAB.join(' ')}`;
  const terminal = { columns: process.stdout.columns ?? 110, rows: process.stdout.rows ?? 40, type: 'xterm' };
  const machine = boot({ spec: { ...standardHost, kvm: true }, out, command: line, deadline: DEADLINE, terminal });
  machine.output.pipe(process.stdout, { end: false });
  const { code, why } = await machine.ended;
  if (code !== 0) {
    process.stderr.write(`demo: ${why}\n${machine.kernelWords()}\nlogs: ${out}\n`);
    return 1;
  }
  rmSync(out, { recursive: true, force: true });
  return 0;
}

function onThisMachine(selector) {
  const folder = mkdtempSync(join(ownTemporaryFolder(), 'qplug-demo-'));
  try {
    lay(folder, undefined);
    command(folder, false);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    return spawnSync('sh', [join(folder, 'tour.sh'), folder, selector], { stdio: 'inherit', env }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2);
const here = words[0] === '--here' ? words[1] : undefined;
if (words.length > 0 && here === undefined) {
  process.stderr.write('usage: npm run demo [-- --here SELECTOR]\n');
  process.exit(2);
}
const began = Date.now();
ensureNpmPackages();
ensureLabTools();
say('building');
execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--no-types'], { stdio: 'inherit' });
const status = here === undefined ? await inTheLab() : onThisMachine(here);
say(status === 0 ? `done in ${Math.round((Date.now() - began) / 1000)} s` : 'failed');
process.exitCode = status;
