import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { firstSector, type MachineFacts, type MachineSpec } from '../shared.js';
import { root } from './folders.js';
import { buildImages } from './images.js';
import { qemuArguments } from './qemu-arguments.js';

/** What to boot and what to run in it. */
export interface BootOptions {
  spec: MachineSpec;
  /** A folder of its own: /out inside. Gets logs, disk images and results. */
  out: string;
  /** A line for /bin/sh, run in the project's folder on the console hvc0. */
  command: string;
  /** ms after which the machine is killed. */
  deadline: number;
  /** Columns and rows of the terminal that the console is shown on. Left out: a plain pipe, no terminal. */
  terminal?: { columns: number; rows: number; type: string };
  /** Names of the only checks to run. */
  only?: readonly string[];
}

/** How a machine ended. */
export interface Ending {
  /** Exit code of the command; undefined when it did not end by itself. */
  code: number | undefined;
  /** In words, with QEMU's error messages. */
  why: string;
}

/** A running lab. Disposing ends it at once. */
export interface Machine extends AsyncDisposable {
  /** The output of the command. A caller must read it. */
  readonly output: Readable;
  /** The input of the command. */
  readonly input: Writable;
  /** Settles when the machine is gone. Never rejects. */
  readonly ended: Promise<Ending>;
  readonly out: string;
  /** The last lines that the command printed, if the reader of `output` keeps them in console.log. */
  lastWords(): string;
  /** The kernel's last messages: from its panic on, if there was one. */
  kernelWords(): string;
}

/** A word for the shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The script that the init process runs inside, on the console. */
function startScript(options: BootOptions, kernelFolder: string, release: string): string {
  const { terminal, spec } = options;
  const devices = spec.devices.filter((device) => device['port'] !== undefined).length;
  const exports = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'LANG=C.UTF-8',
    `TERM=${terminal ? quote(terminal.type) : 'dumb'}`,
    `LAB_NODE=${quote(process.execPath)}`,
  ];
  return [
    `export ${exports.join(' ')}`,
    `mkdir -p /lib/modules && ln -sfn ${quote(join(kernelFolder, 'lib/modules', release))} /lib/modules/`,
    `printf '#!/bin/sh\\nexec "$LAB_NODE" /out/lab.mjs "$@"\\n' > /usr/local/bin/lab && chmod +x /usr/local/bin/lab`,
    // The emulated processor has AMD's virtualization, nested paging included.
    ...(spec.kvm ? ['modprobe kvm_amd'] : []),
    `cd ${quote(root)}`,
    // Devices are found within a second or two of the boot. An interface N-P:1.0 is there when its device is ready.
    `n=0; until [ "$(ls /sys/bus/usb/devices | grep -cE '^[0-9]+-[1-9][0-9]*:1\\.0$')" -ge ${devices} ] || [ $n = 3000 ]; do n=$((n + 1)); sleep 0.1; done`,
    terminal ? `stty sane cols ${terminal.columns} rows ${terminal.rows}` : 'stty raw -echo',
    // Without a terminal the command's output goes through a pipe, so that it sees none.
    terminal
      ? options.command
      : `{ (${options.command}\n); echo $? > /run/rc; } < /dev/null 2>&1 | cat; exit "$(cat /run/rc)"`,
    '',
  ].join('\n');
}

function makeDisk(path: string, name: string, size: number): void {
  const file = openSync(path, 'w');
  writeSync(file, firstSector(name));
  closeSync(file);
  truncateSync(path, size);
}

/** Fills the folder /out. The lab resolves links in it, with the same paths as on this machine. */
function prepare(options: BootOptions, images: ReturnType<typeof buildImages>): void {
  const { out, spec } = options;
  mkdirSync(out, { recursive: true });
  const guest = { kernel: '/out/vmlinux', initrd: '/out/guest.cpio' };
  symlinkSync(images.vmlinux, join(out, basename(guest.kernel)));
  symlinkSync(images.guest, join(out, basename(guest.initrd)));
  for (const { name, size } of spec.disks) makeDisk(join(out, `${name}.img`), name, size);
  const facts: MachineFacts = { root, out, guest, spec, only: options.only ?? [] };
  writeFileSync(join(out, 'machine.json'), JSON.stringify(facts));
  writeFileSync(join(out, 'start'), startScript(options, images.kernel.folder, images.kernel.release));
}

/** Watches QEMU to its end, which comes by itself, at the deadline, or by `stop`. */
function watch(qemu: ChildProcessWithoutNullStreams, options: BootOptions, sockets: string) {
  let complaints = '';
  let cut: string | undefined;
  qemu.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });
  const stop = (why: string): void => {
    cut ??= why;
    qemu.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(`not done within ${options.deadline} ms`), options.deadline);
  const lastWill = (): void => void qemu.kill('SIGKILL');
  process.once('exit', lastWill);
  const ended = new Promise<Ending>((resolve) => {
    const finish = (words: string): void => {
      clearTimeout(timer);
      process.off('exit', lastWill);
      rmSync(sockets, { recursive: true, force: true });
      const rc = readIfThere(join(options.out, 'rc')).trim();
      const code = rc === '' || cut !== undefined ? undefined : Number(rc);
      resolve({
        code,
        why: [code === undefined ? (cut ?? words) : `exit code ${code}`, complaints.trim()].join('\n').trim(),
      });
    };
    qemu.once('error', (error) => finish(error.message));
    qemu.once('close', (status, signal) => finish(`the lab's QEMU ended (${signal ?? status}) before the command did`));
  });
  return { ended, stop };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linesOf(path: string): string[] {
  return readIfThere(path).trimEnd().split('\n');
}

/**
 * Boots the lab and runs a command in it. The machine ends when the command does.
 *
 * @throws Error when there is no kernel yet (scripts/setup.mjs fetches it) or an image cannot be packed
 */
export function boot(options: BootOptions): Machine {
  const images = buildImages();
  prepare(options, images);
  const sockets = mkdtempSync(join(tmpdir(), 'lab-'));
  const argv = qemuArguments(options.spec, images, options.out, join(sockets, 'monitor'));
  writeFileSync(join(options.out, 'qemu.json'), JSON.stringify(argv, null, 1));
  // setpriv: the machine ends with this process, however that ends.
  const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...argv]);
  qemu.stdin.on('error', () => undefined); // the machine is gone: `ended` tells
  const { ended, stop } = watch(qemu, options, sockets);
  return {
    output: qemu.stdout,
    input: qemu.stdin,
    ended,
    out: options.out,
    lastWords: () => linesOf(join(options.out, 'console.log')).slice(-25).join('\n'),
    kernelWords: () => {
      const lines = linesOf(join(options.out, 'serial.log'));
      const panic = lines.findLastIndex((line) => line.includes('Kernel panic'));
      return (panic < 0 ? lines.slice(-10) : lines.slice(panic, panic + 12)).join('\n');
    },
    async [Symbol.asyncDispose]() {
      stop('stopped');
      await ended;
    },
  };
}
