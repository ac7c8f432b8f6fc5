import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pico from 'picocolors';
import sinon from 'sinon';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Outcome } from '../../../src/cli/command.js';
import { status } from '../../../src/cli/commands/look/status.js';
import { EXIT_CODES, exitCodeOf } from '../../../src/cli/exit-codes.js';
import { type FindingKind, fail, finding, QplugError } from '../../../src/diag/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { recording } from '../host/recordings.js';
import { schemaErrors } from '../view/documents/schemas.js';
import { documentOf, qplug } from './fake-terminal.js';

afterEach(() => sinon.restore());

/** Makes `qplug status` do this. */
function statusDoes(work: () => Promise<Outcome>): void {
  sinon.stub(status, 'load').resolves({ run: work });
}

function statusFails(error: unknown): void {
  statusDoes(async () => {
    throw error;
  });
}

const outcome: Outcome = {
  schema: 'status',
  document: () => ({ answer: 42 }),
  text: () => 'forty-two',
  findings: [finding('vm-forgotten', { vm: 'old' }, { severity: 'note' })],
};

describe('a command that succeeds', () => {
  test('prints words to stdout, findings to stderr, and exits with 0', async () => {
    statusDoes(async () => outcome);
    const ran = await qplug(['status', 'x']);
    expect(ran.exit).toBe(0);
    expect(ran.out).toBe('forty-two\n');
    expect(ran.err).toMatch(/^note: old no longer runs/);
  });

  test('prints one document with --json, its findings in it, and never makes the words', async () => {
    const text = sinon.stub().throws();
    statusDoes(async () => ({ ...outcome, text }));
    const ran = await qplug(['--json', 'status', 'x']);
    expect(JSON.parse(ran.out)).toMatchObject({
      schema: 'urn:qplug:status:1',
      answer: 42,
      findings: [{ code: 'vm-forgotten', severity: 'note', evidence: { vm: 'old' } }],
    });
    expect(text.called).toBe(false);
  });

  test('prints nothing where there are no words', async () => {
    statusDoes(async () => ({ ...outcome, text: () => '', findings: [] }));
    expect(await qplug(['status', 'x'])).toEqual({ exit: 0, out: '', err: '' });
  });

  test('exits with its own code where it has one', async () => {
    statusDoes(async () => ({ ...outcome, exit: 6 }));
    expect((await qplug(['status', 'x'])).exit).toBe(6);
  });

  test('prints no more when it printed as it went', async () => {
    sinon.stub(status, 'load').resolves({ run: async () => ({ exit: 130 }) });
    expect(await qplug(['status', 'x', '--json'])).toEqual({ exit: 130, out: '', err: '' });
  });
});

/** One error of each kind. */
const KINDS: readonly (readonly [FindingKind, QplugError])[] = [
  ['failed', fail('stopped', { reason: 'r' })],
  ['usage', fail('port-of-several', { devices: 2 })],
  ['not-found', fail('vm-not-found', { target: 'x', known: [], nearest: undefined })],
  ['ambiguous', fail('detach-ambiguous', { selector: 's', vm: 'x', ids: ['a', 'b'] })],
  ['refused', fail('vm-exists', { name: 'x', pid: 1 })],
  ['no-plan', fail('unplanned-speed', { label: 'x', megabits: 20000 })],
  ['timeout', fail('operation-timeout', { what: 'w', timeout: 1000 })],
  ['unreachable', fail('qmp-refused', { address: './x' })],
];

describe('a command that fails', () => {
  test('there is an error of every kind here', () => {
    const kinds = Object.keys(EXIT_CODES).filter((key) => key !== 'done' && key !== 'interrupted');
    expect(KINDS.map(([kind]) => kind)).toEqual(kinds);
  });

  test.each(KINDS)('an error of kind %s has its exit code, on stderr alone', async (kind, error) => {
    statusFails(error);
    const ran = await qplug(['status', 'x']);
    expect(ran.exit).toBe(EXIT_CODES[kind]);
    expect(ran.out).toBe('');
    expect(ran.err).toMatch(/^error: .+\n/);
  });

  test.each(KINDS)('an error of kind %s is a valid document with --json', async (kind, error) => {
    statusFails(error);
    const ran = await qplug(['status', 'x', '--json']);
    const document = JSON.parse(ran.out);
    expect(document).toMatchObject({ schema: 'urn:qplug:error:1', code: error.code, exit: EXIT_CODES[kind] });
    expect(schemaErrors(document)).toEqual([]);
    expect(ran.err).toMatch(/^error: /);
  });

  test('every finding of an error is told, with where and fix on lines of their own', async () => {
    const location = { file: 'vm.yaml', line: 3, column: 5 };
    const second = finding('wanted-not-attached', { label: 'stick', selector: '1-2', vm: 'x' }, { location });
    statusFails(new QplugError([finding('vm-exists', { name: 'x', pid: 7 }), second]));
    const { err } = await qplug(['status', 'x']);
    expect(err).toBe(
      'error: a VM named x is already running: its QEMU is process 7\n' +
        '  fix  qplug shutdown x\n' +
        'error: x wants stick, which is not attached\n' +
        '  at   vm.yaml:3:5\n' +
        '  fix  qplug attach x 1-2\n',
    );
  });

  test('wrong usage with --json is a document too', async () => {
    const ran = await qplug(['atach', 'x', '--json']);
    expect(ran.exit).toBe(2);
    expect(JSON.parse(ran.out)).toMatchObject({ code: 'command-unknown', exit: 2 });
    expect(schemaErrors(JSON.parse(ran.out))).toEqual([]);
  });

  test.each([[new TypeError('x is not a function')], ['a string that was thrown'], [undefined]])(
    'anything else (%s) is told to be a mistake of qplug, and exits with 1',
    async (thrown) => {
      statusFails(thrown);
      const ran = await qplug(['status', 'x', '--json']);
      expect(ran.exit).toBe(1);
      expect(ran.err).toContain('mistake in qplug itself');
      expect(ran.err).toContain(String((thrown as Error | undefined)?.message ?? thrown));
      expect(JSON.parse(ran.out)).toMatchObject({ code: 'internal', exit: 1, findings: [] });
      expect(schemaErrors(JSON.parse(ran.out))).toEqual([]);
    },
  );

  test('what an unexpected error says is escaped', async () => {
    statusFails(new Error('\u001b[2Jgone'));
    expect((await qplug(['status', 'x'])).err).not.toContain('\u001b');
  });
});

describe('interruption', () => {
  const interrupted = AbortSignal.abort(new Error('interrupted by SIGINT'));

  test.each([
    [interrupted.reason],
    [fail('qmp-closed', { address: 'a', awaited: 'b', state: 'in-flight', reason: 'by-us', detail: undefined })],
  ])('exits with 130 and says that it was undone, whatever was thrown', async (thrown) => {
    statusFails(thrown);
    const ran = await qplug(['status', 'x', '--json'], { signal: interrupted });
    expect(ran.exit).toBe(130);
    expect(ran.err).toContain('interrupted: unfinished changes were rolled back\n');
    expect(JSON.parse(ran.out)).toMatchObject({ code: 'interrupted', exit: 130 });
    expect(schemaErrors(JSON.parse(ran.out))).toEqual([]);
  });

  test('does not say so when something could not be undone', async () => {
    statusFails(new QplugError([finding('stopped', { reason: 'r' }), finding('not-undone', { devices: ['hub'] })]));
    const { err } = await qplug(['status', 'x'], { signal: interrupted });
    expect(err).toMatch(/could not roll back everything; still in place: hub/);
    expect(err.trim().split('\n').at(-1)).toBe('interrupted');
  });
});

describe('exitCodeOf', () => {
  test('is the code of the first error, warnings apart', () => {
    const warning = finding('device-gone', { label: 'l', port: 'p' }, { severity: 'warning' });
    const error = finding('vm-exists', { name: 'x', pid: 1 });
    expect(exitCodeOf([])).toBe(0);
    expect(exitCodeOf([warning])).toBe(0);
    expect(exitCodeOf([warning, error])).toBe(5);
  });
});

describe('help and version', () => {
  test('--version prints a version and nothing else', async () => {
    expect(await qplug(['--version'])).toEqual({ exit: 0, out: 'unreleased\n', err: '' });
  });

  test('help goes to stdout with exit code 0, and needs no terminal', async () => {
    const ran = await qplug(['help'], { columns: undefined });
    expect(ran.exit).toBe(0);
    expect(ran.err).toBe('');
    expect(ran.out).toContain('attach VM [SELECTOR...]');
  });
});

describe('devices', () => {
  const sysfs = recordedSysfs(recording('six-devices'));

  test('no device that matches is exit code 3, and no error', async () => {
    const ran = await qplug(['devices', 'dead:beef'], { sysfs });
    expect(ran).toMatchObject({ exit: 3, out: 'no USB device matches\n' });
  });

  test('a word that is no selector is wrong usage', async () => {
    expect((await qplug(['devices', 'class=zz'], { sysfs })).exit).toBe(2);
  });

  test('colours are used where the terminal takes them', async () => {
    const ran = await qplug(['devices'], { sysfs, outColors: pico.createColors(true) });
    expect(ran.out).toContain('\u001b[1m');
  });

  test('--watch tells what comes and goes, and ends when it is interrupted', async () => {
    const controller = new AbortController();
    let reads = 0;
    const counting = {
      ...sysfs,
      list: (path: string) => {
        if (path === 'bus/usb/devices') reads += 1;
        if (reads === 3) controller.abort();
        return reads < 3 || path !== 'bus/usb/devices' ? sysfs.list(path) : [];
      },
    };
    const ran = await qplug(['devices', '--watch'], { sysfs: counting, signal: controller.signal });
    const lines = ran.out.trim().split('\n');
    expect(ran).toMatchObject({ exit: 130, err: '' });
    expect(lines.filter((line) => line.startsWith('plugged  '))).toHaveLength(6);
    expect(lines.filter((line) => line.startsWith('pulled  '))).toHaveLength(6);
  });

  test('--watch --json prints a valid document a line', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const ending = {
      ...sysfs,
      list: (path: string) => {
        // once it has been told, at the first wait
        setImmediate(() => controller.abort());
        return sysfs.list(path);
      },
    };
    const { out } = await qplug(['devices', '--watch', '--json'], { sysfs: ending, signal });
    const lines = out.trim().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines.flatMap((line) => schemaErrors(JSON.parse(line)))).toEqual([]);
  });
});

describe('commands that look at no QEMU', () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'qplug-cli-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  }

  test('a VM that nobody knows is exit code 3, and a socket that is not there too', async () => {
    const env = { QPLUG_RUNTIME_DIR: folder() };
    expect((await qplug(['status', 'nobody'], { env })).exit).toBe(3);
    expect((await qplug(['status', './no.sock'], { env })).exit).toBe(3);
  });

  test('attach without a device, and --port with several, are wrong usage before anything is looked at', async () => {
    const nothing = await qplug(['attach', './no.sock']);
    expect(nothing).toMatchObject({ exit: 2, out: '' });
    expect(nothing.err).toContain('fix  qplug attach ./no.sock 0781:5567');
    const several = await qplug(['attach', './no.sock', '1-1', '--emulated', 'usb-kbd', '--port', '1']);
    expect(several).toMatchObject({ exit: 2, out: '' });
    expect(several.err).toContain('the command names 2');
  });

  test.each(['[1]', '{', '"x"', 'null'])('qmp with the arguments %s is wrong usage', async (text) => {
    const ran = await qplug(['qmp', './no.sock', 'qom-list', text]);
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain(`qplug qmp ./no.sock qom-list '{"path": "/machine"}'`);
  });

  test('plan of a file with mistakes is exit code 2, each with its place', async () => {
    const file = join(folder(), 'vm.yaml');
    writeFileSync(file, 'nmae: x\ncpus: none\n');
    const ran = await qplug(['plan', file, '--json'], { env: { QPLUG_RUNTIME_DIR: '/nowhere' } });
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain(`${file}:1:1`);
    expect(ran.err).toContain(`${file}:2:7`);
    expect(schemaErrors(JSON.parse(ran.out))).toEqual([]);
  });

  test('an empty list says so', async () => {
    const env = { QPLUG_RUNTIME_DIR: folder() };
    expect((await qplug(['list'], { env })).out).toBe('no VM of qplug runs on this host\n');
    expect(await documentOf(['list'], { env })).toMatchObject({ vms: [] });
  });
});
