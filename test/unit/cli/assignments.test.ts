import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordedSysfs } from '../../../src/host/index.js';
import { ClaimStore, VmRegistry } from '../../../src/registry/index.js';
import { recording } from '../host/recordings.js';
import { recordOf, SELF } from '../registry/records.js';
import { schemaErrors } from '../view/documents/schemas.js';
import { type Ran, qplug as run } from './fake-terminal.js';

const sysfs = recordedSysfs(recording('six-devices'));

let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-assign-'));
  env = { PATH: '', QPLUG_RUNTIME_DIR: join(folder, 'run'), QPLUG_STATE_DIR: join(folder, 'state') };
});
afterEach(() => rmSync(folder, { recursive: true }));

const qplug = (...words: string[]): Promise<Ran> => run(words, { env, sysfs });

interface Document {
  readonly [member: string]: unknown;
  readonly assignments: readonly {
    readonly id: number;
    readonly selector: string;
    readonly outcome: string;
    readonly devices: readonly { readonly port: string }[];
    readonly made: string;
  }[];
  readonly vms: readonly {
    readonly vm: string;
    readonly socket: string | null;
    readonly assignments: readonly object[];
  }[];
  readonly findings: readonly { readonly code: string; readonly evidence: object; readonly fix?: string }[];
}

async function documentOf(...words: string[]): Promise<Document> {
  const { exit, out, err } = await qplug(...words, '--json');
  expect(exit, err).toBe(0);
  const document = JSON.parse(out);
  expect(schemaErrors(document)).toEqual([]);
  return document;
}

/** The code of what is refused, and its exit code. */
async function refusalOf(...words: string[]): Promise<unknown[]> {
  const { exit, out } = await qplug(...words, '--json');
  const document = JSON.parse(out);
  expect(schemaErrors(document)).toEqual([]);
  return [document.findings.map(({ code }: { code: string }) => code), exit];
}

const assigned = async (): Promise<unknown[]> =>
  (await documentOf('assignments')).vms.map(({ vm, assignments }) => [vm, assignments]);

function runs(name: string): void {
  new VmRegistry(join(folder, 'run')).claim(recordOf(name, join(folder, 'run'), { qemu: SELF, launcher: SELF }));
}

describe('qplug assign', () => {
  test('records devices for a VM that nobody has seen, and says which are plugged in', async () => {
    const { vm, assignments, findings } = await documentOf('assign', 'bench', '1-2', '0781:ffff');
    expect([vm, assignments]).toMatchObject([
      'bench',
      [
        { id: 1, selector: '1-2', outcome: 'made', devices: [{ port: '1-2' }] },
        { id: 2, selector: '0781:ffff', outcome: 'made', devices: [] },
      ],
    ]);
    expect(findings.map(({ code }) => code)).toEqual(['vm-unknown-yet']);
    expect((await documentOf('assign', 'bench', '1-1')).findings).toEqual([]);
  });

  test('the same selector again, however it is typed, keeps its number and its age, and gets the new options', async () => {
    const [first] = (await documentOf('assign', 'bench', '0781:5567', '--hold', '5')).assignments;
    const more = ['--controller', 'x', '--port', '2.1', '--slower', 'allow', '--also', '0483:DF11', '--ask'];
    const [again] = (await documentOf('assign', 'bench', '0x781:0x5567', ...more)).assignments;
    expect(again).toMatchObject({ id: 1, selector: '0x781:0x5567', outcome: 'changed', made: first?.made, hold: null });
    expect(await assigned()).toMatchObject([
      ['bench', [{ id: 1, controller: 'x', port: '2.1', slower: 'allow', also: ['0483:df11'], ask: true }]],
    ]);
  });

  test('by a VM file: its name', async () => {
    const file = join(folder, 'vm.yaml');
    writeFileSync(file, 'name: small\n');
    await documentOf('assign', file, '1-2');
    expect(await assigned()).toMatchObject([['small', [{ selector: '1-2' }]]]);
  });

  test('a socket is refused with the line that gives it a name; then its path is as good as the name', async () => {
    const socket = join(folder, 'guest.sock');
    expect(await refusalOf('assign', socket, '1-2')).toEqual([['assign-to-socket'], 2]);
    expect((await qplug('assign', socket, '1-2')).err).toContain(`fix  qplug adopt ${socket} --name guest\n`);
    await documentOf('adopt', socket, '--name', 'guest');
    expect((await documentOf('assign', socket, '1-2'))['vm']).toBe('guest');
  });

  test.each([
    [['assign', 'bench', '@1.2'], ['assign-to-address'], 2],
    [['assign', 'bench', 'foo:', 'class=xyz', '1-2'], ['selector-invalid', 'selector-invalid'], 2],
    [['assign', 'bench', '1-2', '1-3', '--port', '1'], ['port-of-several'], 2],
    [['assign', 'bench', '1-2', '--port', 'x.0'], ['assign-port-form'], 2],
    [['assign', 'bench', '1-2', '--also', '0483'], ['also-invalid'], 2],
    [['assign', 'bench', '1-2', '--hold', '0'], ['hold-range'], 2],
    [['assign', 'bench', '1-2', '--hold', '1.5'], ['hold-range'], 2],
    [['assign', 'x!', '1-2'], ['vm-name-wrong'], 2],
    [['assign', 'bench'], ['word-missing'], 2],
    [['unassign', 'bench', '1-2'], ['not-assigned'], 3],
    [['unassign', 'bench', '--all'], ['not-assigned'], 3],
    [['unassign', 'bench'], ['unassign-nothing'], 2],
    [['unassign', 'bench', '1', '--all'], ['options-conflict'], 2],
    [['adopt', './x.sock'], ['adopt-nameless'], 2],
    [['adopt', './x.sock', '--name', '../x'], ['vm-name-wrong'], 2],
    [['adopt', '--forget', 'guest'], ['not-adopted'], 3],
    [['adopt', '--forget', 'guest', '--name', 'x'], ['options-conflict'], 2],
  ])('%j is refused: %j', async (words, codes, exit) => {
    expect(await refusalOf(...words)).toEqual([codes, exit]);
    expect(await assigned()).toEqual([]);
  });

  test('who has no folder for it is told', async () => {
    env = { PATH: '', XDG_RUNTIME_DIR: folder };
    const { exit, err } = await run(['assign', 'bench', '1-2'], { env, sysfs, uid: 1 });
    expect([exit, err]).toEqual([2, expect.stringContaining('there is no folder for assignments')]);
  });
});

describe('a device that two VMs are assigned', () => {
  const contests = async (...words: string[]): Promise<object[]> =>
    (await documentOf(...words)).findings.flatMap(({ code, evidence }) =>
      code === 'assigned-to-two' ? [evidence] : [],
    );

  test('plugged in: the more exact selector comes first', async () => {
    await documentOf('assign', 'a', 'class=03');
    const winner = { vm: 'b', selector: '1-2' };
    const evidence = { winner, loser: { vm: 'a', selector: 'class=03' }, because: 'specific' };
    expect(await contests('assign', 'b', '1-2')).toMatchObject([
      { ...evidence, label: expect.stringMatching(/at 1-2$/) },
    ]);
  });

  test('not plugged in: the same selector is told; the older comes first', async () => {
    await documentOf('assign', 'a', '0781:ffff');
    expect(await contests('assign', 'b', '0781:ffff')).toEqual([
      { winner: { vm: 'a', selector: '0781:ffff' }, loser: { vm: 'b', selector: '0781:ffff' }, because: 'older' },
    ]);
    expect(await contests('assign', 'b', '0781:eeee')).toEqual([]);
  });
});

describe('qplug unassign', () => {
  test('by selector, number or all; all that are named, or none', async () => {
    await documentOf('assign', 'bench', '1-1', '1-2', '1-3', '0781:ffff');
    expect(await refusalOf('unassign', 'bench', '1', '9', 'x')).toEqual([['not-assigned', 'not-assigned'], 3]);
    const gone = await documentOf('unassign', 'bench', '0x781:0xffff', '2');
    expect(gone.assignments.map(({ id }) => id)).toEqual([4, 2]);
    expect((await documentOf('assign', 'bench', '1-2')).assignments).toMatchObject([{ id: 4 }]);
    await documentOf('unassign', 'bench', '--all');
    expect(await assigned()).toEqual([]);
  });
});

describe('qplug adopt', () => {
  test('gives a socket one name, and a name one socket', async () => {
    const socket = join(folder, 'x.sock');
    expect(await documentOf('adopt', socket, '--name', 'guest')).toMatchObject({ name: 'guest', outcome: 'adopted' });
    expect(await documentOf('adopt', socket, '--name', 'guest')).toMatchObject({ outcome: 'already' });
    expect(await refusalOf('adopt', `${socket}2`, '--name', 'guest')).toEqual([['adopt-name-taken'], 5]);
    expect(await refusalOf('adopt', socket, '--name', 'other')).toEqual([['adopt-socket-named'], 5]);
    expect(await refusalOf('adopt', join(folder, 'state'), '--name', 'other')).toEqual([['adopt-not-socket'], 5]);
    await documentOf('assign', 'guest', '1-2');
    expect((await qplug('adopt', '--forget', 'guest')).out).toContain('its assignments stay (1)');
    expect(await documentOf('assignments', 'guest')).toMatchObject({ vms: [{ vm: 'guest', socket: null }] });
  });

  test('not the name, nor the socket, of a VM that qplug runs', async () => {
    runs('bench');
    expect(await refusalOf('adopt', join(folder, 'x.sock'), '--name', 'bench')).toEqual([['adopt-name-taken'], 5]);
    const own = join(folder, 'run', 'vm', 'bench', 'qmp.sock');
    expect(await refusalOf('adopt', own, '--name', 'other')).toEqual([['adopt-socket-named'], 5]);
    expect((await documentOf('assign', own, '1-2'))['vm']).toBe('bench');
  });

  test('the name leads to the socket wherever a VM is named; a VM of qplug with that name comes first', async () => {
    const socket = join(folder, 'x.sock');
    await documentOf('adopt', socket, '--name', 'guest');
    expect(await refusalOf('status', 'guest')).toEqual([['adopted-vm-away'], 3]);
    expect(await refusalOf('detach', 'guest', '1-2', '--config')).toEqual([['vm-without-file'], 3]);
    const server = createServer((client) => {
      client.on('error', () => undefined).end('{"hello": 1}\r\n');
    }).listen(socket);
    try {
      await new Promise((done) => server.once('listening', done));
      expect(await refusalOf('status', 'guest')).toEqual([['qmp-not-qmp'], 8]);
      expect(await documentOf('list')).toMatchObject({ vms: [], adopted: [{ name: 'guest', socket, runs: true }] });
      expect((await qplug('status', 'gest')).err).toContain('did you mean guest?');
    } finally {
      server.close();
    }
    runs('guest');
    const { err } = await qplug('status', 'guest', '--timeout', '1');
    expect(err).toContain(join('vm', 'guest', 'qplug.sock'));
  });
});

describe('qplug share --keep', () => {
  const kept = async (): Promise<unknown> => (await documentOf('assignments')).vms;
  let listen: string;
  beforeEach(() => {
    listen = join(folder, 'shared.sock');
  });

  test('records a share for the agent, which another path replaces and --end ends', async () => {
    const { findings, ...first } = await documentOf('share', 'bench', '--listen', listen, '--keep');
    expect(first).toMatchObject({ vm: 'bench', listen, outcome: 'kept', agent: false });
    expect(findings.map(({ code }) => code)).toEqual(['share-awaits-agent']);
    expect(await documentOf('share', 'bench', '--listen', listen, '--keep')).toMatchObject({ outcome: 'already' });
    const share = { listen, made: expect.any(String), state: null, reason: null };
    expect(await kept()).toEqual([{ vm: 'bench', socket: null, assignments: [], share }]);
    const { out } = await qplug('assignments');
    expect(out).toContain(`bench is to be shared at ${listen}, as soon as qplug agent runs\n`);
    const other = join(folder, 'other.sock');
    expect(await documentOf('share', 'bench', '--listen', other, '--keep')).toMatchObject({ outcome: 'changed' });
    expect(await documentOf('share', 'bench', '--end')).toMatchObject({
      listen: other,
      outcome: 'ended',
      findings: [],
    });
    expect(await kept()).toEqual([]);
  });

  test('leaves assignments alone, and is left alone by them', async () => {
    await documentOf('assign', 'bench', '1-2');
    await documentOf('share', 'bench', '--listen', listen, '--keep');
    await documentOf('unassign', 'bench', '--all');
    expect(await kept()).toMatchObject([{ vm: 'bench', assignments: [], share: { listen } }]);
    await documentOf('assign', 'bench', '1-2');
    await documentOf('share', 'bench', '--end');
    expect(await kept()).toMatchObject([{ vm: 'bench', assignments: [{ selector: '1-2' }], share: null }]);
  });

  test('a socket needs a name first; who forgets the name ends the share', async () => {
    const socket = join(folder, 'guest.sock');
    expect(await refusalOf('share', socket, '--listen', listen, '--keep')).toEqual([['assign-to-socket'], 2]);
    await documentOf('adopt', socket, '--name', 'guest');
    expect(await documentOf('share', socket, '--listen', listen, '--keep')).toMatchObject({ vm: 'guest' });
    expect((await qplug('adopt', '--forget', 'guest')).out).toContain(`the agent shares it no longer at ${listen}\n`);
    expect(await kept()).toEqual([]);
  });

  test('writes a path as it is, links followed', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const { listen: path } = await documentOf('share', 'bench', '--listen', join(folder, 'link', 's'), '--keep');
    expect(path).toBe(join(folder, 'real', 's'));
  });

  test.each([
    [['share', 'bench', '--listen', '/tmp/x.sock', '--keep'], ['share-place-unsafe'], 5],
    [['share', 'bench', '--listen', '/nowhere/x.sock', '--keep'], ['share-place-unusable'], 1],
    [['share', 'bench', '--keep'], ['word-missing'], 2],
    [['share', 'x!', '--listen', '/tmp/x.sock', '--keep'], ['vm-name-wrong'], 2],
    [['share', 'bench', '--end'], ['share-not-kept'], 3],
    [['share', 'bench', '--end', '--keep'], ['options-conflict'], 2],
    [['share', 'bench', '--end', '--listen', '/x'], ['options-conflict'], 2],
  ])('%j is refused: %j', async (words, codes, exit) => {
    expect(await refusalOf(...words)).toEqual([codes, exit]);
    expect(await kept()).toEqual([]);
  });

  test('one path is for one VM', async () => {
    await documentOf('share', 'bench', '--listen', listen, '--keep');
    expect(await refusalOf('share', 'other', '--listen', listen, '--keep')).toEqual([['share-kept-there'], 5]);
  });

  test.each([
    ['that others can change', (path: string) => chmodSync(path, 0o777)],
    ['of another user', (path: string) => chownSync(path, 65_534, 65_534)],
  ])('a record in a folder %s is not believed', async (_, spoil) => {
    if (process.getuid?.() !== 0) return;
    await documentOf('share', 'bench', '--listen', listen, '--keep');
    spoil(join(folder, 'state', 'assignments'));
    expect(await refusalOf('assignments')).toEqual([['folder-not-ours'], 1]);
  });
});

describe('what a person detached by hand', () => {
  const owner = { vm: 'bench', socket: '/s', process: SELF };
  const key = { connector: '0000:00:14.0/1-7', vendorId: 0x0781, productId: 0xffff, serial: 'S1' };
  const dismissal = { owner, key, label: 'a stick', since: '2026-01-01T00:00:00.000Z' };

  test.each(['0781:ffff', '0781:ffff:S1', 'serial=S1', '1-7', 'pci-0000:00:14.0/7'])(
    'is given back by an assignment of %s, also if it is not plugged in',
    async (selector) => {
      const store = new ClaimStore(join(folder, 'run'));
      store.dismissals.put([dismissal, { ...dismissal, owner: { ...owner, vm: 'other', socket: '/o' } }]);
      store[Symbol.dispose]();
      await documentOf('assign', 'bench', '0781:5567', 'serial=S2', '1-77', 'pci-0000:00:14.0/17', 'stick');
      const { out } = await qplug('assignments');
      expect(out).toMatch(/^a stick was detached from bench by hand, /m);
      await documentOf('assign', 'bench', selector);
      expect((await documentOf('assignments'))['detachedByHand']).toMatchObject([{ vm: 'other' }]);
    },
  );
});

test('a record that can not be read is told, and the others are shown', async () => {
  await documentOf('assign', 'a', '1-2');
  mkdirSync(join(folder, 'state', 'assignments'), { recursive: true });
  const file = join(folder, 'state', 'assignments', 'b.json');
  writeFileSync(file, '{');
  const { vms, findings } = await documentOf('assignments');
  expect([vms.map(({ vm }) => vm), findings.map(({ code }) => code)]).toEqual([['a'], ['assignments-unreadable']]);
  expect(await refusalOf('assign', 'b', '1-3')).toEqual([['assignments-unreadable'], 1]);
  expect(readFileSync(file, 'utf8')).toBe('{');
});
