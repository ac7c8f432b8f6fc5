import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMMANDS } from '../../../src/cli/commands.js';
import { parseVmFile } from '../../../src/index.js';
import { writeEmptyImage } from '../../qemu/empty-image.js';
import type { Lab } from '../inside/lab.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import type { MachineSpec } from '../shared.js';
import { remember } from './parts/as-before.js';
import { qplug, type Said } from './parts/qplug.js';

/** The devices that the README names: `1-2.3` is behind a hub, `08e6:4433` is a card reader. `0781:5567` is a gadget. */
const machine: MachineSpec = {
  kvm: true,
  disks: [],
  devices: [
    { driver: 'qemu-xhci', id: 'x0', p2: 8, p3: 8 },
    { driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '2' },
    { driver: 'usb-mouse', id: 'mouse', bus: 'x0.0', port: '2.3' },
    { driver: 'usb-ccid', id: 'ccid', bus: 'x0.0', port: '4' },
  ],
};

/** The blocks of one language in a Markdown text, without their fences. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, tag, body]) =>
    tag === language ? [body ?? ''] : [],
  );
}

/** The commands of each console block, as they are typed. */
function sessions(text: string): string[][] {
  return blocks(text, 'console').map((block) => [...block.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line ?? ''));
}

const withoutComment = (line: string): string => line.replace(/ +#.*$/, '');

function documents(lab: Lab): { name: string; text: string }[] {
  const names = readdirSync(join(lab.root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...names.map((name) => `docs/${name}`)].map((name) => ({
    name,
    text: readFileSync(join(lab.root, name), 'utf8'),
  }));
}

const readme = (lab: Lab): string => readFileSync(join(lab.root, 'README.md'), 'utf8');

/** A folder to type in, with `qplug` in the PATH; the stick is plugged in. */
async function sitDown(lab: Lab): Promise<(line: string) => Promise<Said>> {
  const disk = join(lab.folder, 'stick');
  writeFileSync(disk, new Uint8Array(1 << 20));
  await lab.gadget({
    id: '0781:5567',
    speed: 5000,
    functions: ['mass_storage'],
    product: 'Cruzer Blade',
    serial: '4C530001',
    file: disk,
  });
  await lab.until('the stick is ready', () => [...lab.device('0781:5567').drivers.values()].includes('usb-storage'));
  const [cwd, bin] = [join(lab.folder, 'here'), join(lab.folder, 'bin')];
  mkdirSync(cwd);
  mkdirSync(bin);
  symlinkSync(join(lab.root, 'dist/cli/main.js'), join(bin, 'qplug'));
  const env = { PATH: [bin, dirname(process.execPath), process.env['PATH']].join(':') };
  const home = process.cwd();
  process.chdir(cwd);
  lab.defer(() => process.chdir(home));
  return async (line) => {
    const [program, ...words] = withoutComment(line).split(' ');
    const { code, out, err } =
      program === 'qplug' && !asProcess.includes(withoutComment(line))
        ? await qplug(words)
        : await inShell(lab, line, { cwd, env });
    lab.log(`$ ${line}\n${out}${err}[${code}]`);
    return { code, out, err };
  };
}

/** Lines that are typed in a shell, as a person would; the others run in this process, which saves the start of Node. */
const asProcess: readonly string[] = ['qplug attach ./qmp.sock 0781:5567', 'qplug run bench.yaml --detach'];

async function inShell(lab: Lab, line: string, where: { cwd: string; env: Record<string, string> }): Promise<Said> {
  const { code, stdout, stderr } = await lab.exec(['sh', '-c', line], where);
  return { code: code ?? -1, out: stdout, err: stderr };
}

/** The command lines of all processes. */
function processes(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'latin1')] : [];
    } catch {
      return [];
    }
  });
}

/** How each line of "What you do with it" has to end, in that order: exit code, and what it prints. */
const usage: readonly (readonly [command: string, code: number, says: RegExp])[] = [
  ['qplug devices', 0, /^1-2\.3 +0627:0001 +12M +usbhid .*^\S+ +0781:5567 +5G +usb-storage +4C530001 /ms],
  [
    'qplug plan bench.yaml',
    0,
    /^xhci .*^├─ 1 +12M +0627:0001 .*^├─ \d +5G +0781:5567 .*^├─ \d +480M +usb-tablet$.*^legacy .* 12M +08e6:4433 /ms,
  ],
  ['qplug plan bench.yaml --explain', 0, /^bench {2}as planned$.*usb-tablet/ms],
  ['qplug plan bench.yaml --count', 0, /^bench .*^ {2}480M {2,}\d+ .*^ {2}5G {2,}\d+ /ms],
  ['qplug argv bench.yaml', 0, /^\S*qemu-system-x86_64 \\$.*"id":"xhci".*"id":"legacy1".*-nic none$/ms],
  [
    'qplug run bench.yaml --detach',
    0,
    /^bench runs: .*^ {2}xhci\.0 port 1 {2}12M {2}0627:0001 .*^ {2}xhci\.0 port \d {2}5G {2}0781:5567 .*^ {2}legacy\.0 port 1 {2}12M {2}08e6:4433 /ms,
  ],
  ['qplug status bench', 0, /^bench {2}running {2}QEMU .*Cruzer Blade/s],
  ['qplug detach bench 0781:5567', 0, /^0781:5567 .* detached; the host has it back \(usb-storage\)$/m],
  ['qplug attach bench 0781:5567', 0, /^0781:5567 .* attached: xhci\.0 port \d+, 5G/],
  ['qplug claims', 0, /^0781:5567 .* bench +attached .*^08e6:4433 .* bench +attached /ms],
  ['qplug release 0781:5567', 0, /take it out of bench, .*: qplug release 0781:5567 --yes$/ms],
  ['qplug rebalance bench', 0, /^no single move would give a device of bench a better port$/m],
  ['qplug list', 0, /^bench +\d+ +\S+ \S+ +\S*bench\.yaml /m],
  ['qplug suspend bench', 0, /^bench stands still\n(?: {2}the host has .*\n){3}/],
  ['qplug resume bench', 0, /^bench runs\n(?: {2}.* is back on .*\n){3}/],
  ['qplug snapshot save bench clean', 0, /^bench is saved as clean: .* in drive0\n(?: {2}.* is on .*\n){3}/],
  [
    'qplug snapshot restore bench clean',
    0,
    /^bench is as it was saved in clean; its guest runs\n(?: {2}.* is on .*\n){3}/,
  ],
  ['qplug migrate bench tcp:10.0.0.7:4444', 5, /^error: bench has devices of this host, .*--with-detached /ms],
  // there is no guest that could power off; the next line is what then helps
  ['qplug shutdown bench --timeout 5', 7, /^error: the guest of bench did not power off .*fix {2}qplug kill bench$/ms],
  ['qplug kill bench', 0, /^bench ended: QEMU quit$/m],
];

const suite: Suite = defineSuite({ title: 'readme', source: import.meta.url, machine }, (check) => {
  check(
    'the first attach: three lines, and a QEMU started as the README says',
    async (lab) => {
      const [first = []] = sessions(readme(lab));
      const type = await sitDown(lab);
      const option = /`(-qmp unix:[^`]+)`/.exec(readme(lab))?.[1];
      assert.ok(option, 'the README tells how QEMU is started');
      const cwd = join(lab.folder, 'here');
      const qemu = await lab.start(
        ['qemu-system-x86_64', '-display', 'none', '-S', '-device', 'qemu-xhci', ...option.split(' ')],
        { cwd },
      );
      await lab.until('the socket', () => readdirSync(cwd).includes('qmp.sock'));
      const [install, ...rest] = first.map(withoutComment);
      assert.equal(install, 'npm install --global qplug');
      assert.deepEqual(rest, ['qplug devices', 'qplug attach ./qmp.sock 0781:5567']);
      const [devices, attach] = [await type(rest[0] ?? ''), await type(rest[1] ?? '')];
      assert.deepEqual([devices.code, attach.code], [0, 0]);
      // it may tell how it goes on, where it takes long
      assert.doesNotMatch(devices.err + attach.err, /error|warning/);
      assert.match(attach.out, /^0781:5567 "[^"]*Cruzer Blade" at \S+ attached: \S+ port \d+, 5G, id qplug-0781-5567-/);
      qemu.kill('SIGTERM');
      await qemu.finished;
    },
    { timeout: 150_000 },
  );

  check(
    'every line of "What you do with it", in order, with the VM file that the README shows',
    async (lab) => {
      const [, lines = []] = sessions(readme(lab));
      assert.deepEqual(
        lines.map(withoutComment),
        usage.map(([command]) => command),
      );
      const type = await sitDown(lab);
      lab.defer(() => qplug(['kill', 'bench']));
      const [file = ''] = blocks(readme(lab), 'yaml');
      writeFileSync(join(lab.folder, 'here/bench.yaml'), file);
      writeEmptyImage(join(lab.folder, 'here/disk.qcow2'), 'qcow2');
      const asBefore = await remember();
      for (const [index, line] of lines.entries()) {
        const [command, code, says] = usage[index] ?? ['', 0, /^$/];
        const done = await type(line);
        assert.equal(done.code, code, command);
        assert.match(done.out + done.err, says);
        assert.doesNotMatch(done.err, code === 0 ? /error|warning/ : /warning/);
      }
      // what `run --detach` left behind sees within a second that its VM has ended
      await lab.until('nobody waits for the end of the VM', () => !processes().some((line) => line.includes('mend')));
      await asBefore();
    },
    { timeout: 150_000 },
  );

  check('the README has no other console blocks, and the other documents show no line that it has not', async (lab) => {
    assert.equal(sessions(readme(lab)).length, 2);
    const known = new Set(sessions(readme(lab)).flat().map(withoutComment));
    const others = documents(lab).flatMap(({ name, text }) =>
      sessions(text)
        .flat()
        .map(withoutComment)
        .filter((line) => !known.has(line))
        .map((line) => `${name}: ${line}`),
    );
    assert.deepEqual(others, []);
  });

  check('every VM file in the documents is valid', async (lab) => {
    const files = documents(lab).flatMap(({ name, text }) => blocks(text, 'yaml').map((file) => ({ name, file })));
    // the other one is a policy of the host, which test/unit/config/policy/guards-page.test.ts reads
    const vmFiles = files.filter(({ file }) => !/^(allow|deny):/m.test(file));
    assert.deepEqual([vmFiles.length >= 5, files.length - vmFiles.length], [true, 1]);
    for (const { name, file } of vmFiles) {
      // some show a few lines of one
      const whole = /^name: /m.test(file) ? file : `name: bench\n${file}`;
      assert.match((await parseVmFile(whole, `${name}.yaml`)).name, /^bench/);
    }
  });

  check('every command that a document names exists, has a help with examples, and is in the README', async (lab) => {
    const all = documents(lab)
      .map(({ text }) => text)
      .join('\n');
    const called = new Set([...all.matchAll(/(?<=`|^\$ )qplug ([a-z]+)/gm)].map(([, word]) => word ?? ''));
    assert.deepEqual(
      [...called].filter((word) => !COMMANDS.some(({ name }) => name === word)),
      [],
    );
    for (const { name } of COMMANDS) {
      const { code, out, err } = await qplug([name, '--help']);
      assert.deepEqual([code, err], [0, ''], name);
      assert.match(out, new RegExp(`^Usage {2}qplug ${name}\\b[\\s\\S]*^Examples\\n {2}qplug ${name}\\b`, 'm'));
      assert.match(readme(lab), new RegExp(`qplug ${name}\\b`), `the README names ${name}`);
    }
  });
});

export default suite;
