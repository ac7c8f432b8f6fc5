import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { describe as words } from '../../../../src/diag/index.js';
import { preflight } from '../../../../src/launcher/index.js';

const isRoot = process.getuid?.() === 0;
let folder: string;

/** A program that answers as QEMU does, as far as it is asked. */
function program(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Answers every command: of device models, `qemu-bare` has no usb-host and no UHCI of a PIIX, and `qemu-fine` has all. */
const SPEAKS_QMP = `
  echo '{"QMP": {"version": {"qemu": {"major": 8, "minor": 2, "micro": 0}}}}'
  while read -r line; do
    case "$0 $line" in
      *bare*usb-host* | *bare*piix*) echo '{"error": {"class": "DeviceNotFound", "desc": "no"}}';;
      *device-list*) echo '{"event": "X"}'; echo '{"return": [{"name": "hostbus", "default-value": 0}]}';;
      *query-machines*) echo '{"return": [{"name": "pc-q35-8.2", "alias": "q35"}]}';;
      *) echo '{"return": {}}';;
    esac
  done`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-preflight-'));
  program('qemu-fine', `case "$*" in *-qmp*) ${SPEAKS_QMP};; esac`);
  program('qemu-bare', `case "$*" in *-qmp*) ${SPEAKS_QMP};; esac`);
  program('qemu-mute', `case "$*" in --version) echo 'QEMU emulator version 8.2.0';; *-qmp*) echo nonsense;; esac`);
  program('qemu-old', `echo 'QEMU emulator version 4.2.1'`);
  program('not-qemu', `echo 'GNU something version 3.1'`);
  program('qemu-hangs', 'exec sleep 600');
  writeFileSync(join(folder, 'plain'), 'no program');
  writeFileSync(join(folder, 'good.img'), '');
  mkdirSync(join(folder, 'dir.img'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function check(text: string, more: { searchPath?: string; timeout?: number; signal?: AbortSignal } = {}) {
  const vm = await parseVmFile(text, join(folder, 'vm.yaml'));
  return await preflight({ vm, searchPath: folder, ...more });
}

const codes = async (...args: Parameters<typeof check>): Promise<string[]> =>
  (await check(...args)).findings.map(({ code, severity }) => `${code} ${severity}`);

describe('the program', () => {
  test('one that has all is found, with its version', async () => {
    expect(await check('qemu: {binary: qemu-fine}')).toMatchObject({
      findings: [],
      binary: join(folder, 'qemu-fine'),
      version: { major: 8, minor: 2, micro: 0 },
    });
  });

  test.each([
    ['not there', 'qemu-system-ppc64', 'qemu-missing error'],
    ['not there, as a path', './nothing', 'qemu-missing error'],
    ['not executable', 'plain', 'qemu-not-executable error'],
    ['a folder', './dir.img', 'qemu-not-executable error'],
    ['not QEMU', 'not-qemu', 'qemu-not-qemu error'],
    ['too old', 'qemu-old', 'qemu-too-old error'],
    ['without usb-host, and no host device wanted', 'qemu-bare', 'qemu-no-usb-host warning'],
  ])('%s', async (_title, binary, expected) => {
    expect(await codes(`qemu: {binary: ${binary}}`)).toEqual([expected]);
  });

  test('without usb-host while a host device is wanted is an error', async () => {
    expect(await codes('{qemu: {binary: qemu-bare}, usb: {devices: [a]}}')).toEqual(['qemu-no-usb-host error']);
  });

  test('one that says nothing of its models is taken as it is', async () => {
    const looked = await check('{qemu: {binary: qemu-mute}, usb: {devices: [a]}}');
    expect(looked.findings).toEqual([]);
    expect(looked).toMatchObject({ version: { major: 8 }, capabilities: undefined });
  });

  test('a controller that its build lacks is told at its line, with the nearest that it has', async () => {
    const text = 'qemu: {binary: qemu-bare}\nusb:\n  controllers: [{model: xhci}, {model: uhci}]\n';
    const found = (await check(text)).findings.find(({ code }) => code === 'qemu-no-model');
    expect(found).toMatchObject({ severity: 'error', location: { line: 3 } });
    expect(found && words(found)).toMatchObject({
      what: expect.stringContaining('`piix3-usb-uhci`'),
      fix: 'write `model: ich9-usb-uhci1`, the nearest one that it has',
    });
  });

  test('one that does not answer is given up', async () => {
    expect(await codes('qemu: {binary: qemu-hangs}', { timeout: 100 })).toEqual(['qemu-silent error']);
  });

  test('a missing one is told with the package that has it, at its line', async () => {
    const { findings } = await check('cpus: 1\nqemu: {binary: qemu-system-aarch64}', { searchPath: '/nonexistent:' });
    expect(findings[0]?.location).toMatchObject({ line: 2, column: 16 });
    expect(findings.map((found) => words(found).fix)).toEqual(['apt-get install qemu-system-arm']);
  });

  test('root does not run what others can change because it is in PATH; where it is written it is meant', async () => {
    const bin = join(folder, 'of-others');
    mkdirSync(bin);
    cpSync(join(folder, 'qemu-fine'), join(bin, 'qemu-fine'));
    chmodSync(bin, 0o777);
    const { binary } = await check('qemu: {binary: qemu-fine}', { searchPath: `${bin}:${folder}` });
    // whoever is not root runs what they like
    expect(binary).toBe(join(isRoot ? folder : bin, 'qemu-fine'));
    const { findings } = await check('qemu: {binary: qemu-fine}', { searchPath: bin });
    expect(findings.map(words)).toMatchObject(
      isRoot
        ? [
            {
              what: `root does not start \`${bin}/qemu-fine\` from PATH`,
              why: `other users can write to ${bin} (mode 0777)`,
            },
          ]
        : [],
    );
    expect((await check(`qemu: {binary: ${bin}/qemu-fine}`, { searchPath: '' })).findings).toEqual([]);
    // a link to it from a folder that is all right
    symlinkSync(join(bin, 'qemu-fine'), join(folder, 'qemu-link'));
    expect(await codes('qemu: {binary: qemu-link}')).toEqual(isRoot ? ['qemu-untrusted error'] : []);
  });

  test('giving up throws the reason, and is no finding', async () => {
    const stop = new AbortController();
    const pending = check('qemu: {binary: qemu-hangs}', { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(pending).rejects.toThrow('enough');
  });
});

describe('drives', () => {
  test('those that are missing or no image are told, each at its line', async () => {
    const text = `qemu: {binary: qemu-fine}
drives:
  - { file: good.img }
  - { file: gone.qcow2 }
  - { file: dir.img }
  - { file: /dev/null }
usb: {devices: [{emulated: usb-storage, drive: {file: away.img}}]}
`;
    const { findings } = await check(text);
    expect(findings.map(({ code, location }) => `${code} ${location?.line}`)).toEqual([
      'drive-unusable 4',
      'drive-unusable 5',
      'drive-unusable 6',
      'drive-unusable 7',
    ]);
    expect(findings.map((found) => words(found).fix ?? '')[0]).toBe(
      `qemu-img create -f qcow2 ${join(folder, 'gone.qcow2')} 8G`,
    );
  });
});

test('a machine that the program does not list is told', async () => {
  expect(await codes('{machine: q36, qemu: {binary: qemu-fine}}')).toEqual(['qemu-no-machine error']);
});
