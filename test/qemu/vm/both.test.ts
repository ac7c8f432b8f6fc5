import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import {
  attachTo,
  type ChangeChoice,
  changeTarget,
  detachFrom,
  findVm,
  killVm,
  type Operation,
  runVm,
} from '../../../src/vm/index.js';
import { documentOf, qplug } from '../../unit/cli/fake-terminal.js';
import { schemaErrors } from '../../unit/view/documents/schemas.js';
import { startQemu } from '../harness/plain-qemu.js';
import { makeWorld, treeOf, type World } from '../harness/vm-world.js';

const NEITHER = { config: false, live: false };
const CONFIG = { config: true, live: false };
const LIVE = { config: false, live: true };
const BOTH = { config: true, live: true };

const TEXT = `# the bench
name: bench
accel: [tcg]   # no kvm here
memory: 64M
usb:
  controllers: [{ id: x, model: qemu-xhci, ports: 4 }]
  grow: []
  devices:
    - { emulated: usb-mouse, id: m } # stays
    # the end
`;
const ADDED = TEXT.replace('# stays\n', '# stays\n    - { emulated: usb-tablet }\n');

let world: World;
let file: string;
beforeEach(() => {
  world = makeWorld();
  file = world.file('bench.yaml', TEXT);
});
afterEach(async () => {
  const running = world.host.registry.list().some(({ alive }) => alive);
  if (running) await killVm(await findVm('bench', world.host), world.host, world.operation());
  world[Symbol.dispose]();
});

const start = () => runVm({ path: file, wait: 0 }, world.host, world.operation());
const now = (): string => readFileSync(file, 'utf8');
const tree = (): Promise<string[]> => treeOf(world, 'bench');
const beside = (): string[] => readdirSync(world.folder).filter((name) => name.includes('bench'));

async function plug(word: string, choice: ChangeChoice, more: Partial<Operation> = {}, emulated = ['usb-tablet']) {
  const target = await changeTarget(word, choice, world.host);
  return await attachTo(target, { selectors: [], emulated }, world.host, world.operation(more));
}

async function take(word: string, choice: ChangeChoice, words: readonly string[], more: Partial<Operation> = {}) {
  return await detachFrom(await changeTarget(word, choice, world.host), words, world.host, world.operation(more));
}

const failing = (work: Promise<unknown>): Promise<QplugError> =>
  work.then(
    () => expect.fail('it went through'),
    (error) => error,
  );
const codes = ({ findings }: { readonly findings: readonly { readonly code: string }[] }): string[] =>
  findings.map(({ code }) => code);

const MOUSE = 'x.0 1 usb-mouse m 480';
const TABLET = 'x.0 2 usb-tablet qplug-usb-tablet 480';

describe('a VM that runs from its file', () => {
  beforeEach(async () => {
    const { process } = await start();
    process.leave();
  });

  test.each([
    ['neither flag', NEITHER],
    ['both', BOTH],
  ])('%s: both are changed, and the next start is as it is now', async (_, choice) => {
    const report = await plug('bench', choice);
    expect(report).toMatchObject({
      live: true,
      devices: [{ outcome: 'attached' }],
      file: { path: file, entries: [{ outcome: 'added', emulated: 'usb-tablet', line: 10 }] },
    });
    expect([now(), await tree()]).toEqual([ADDED, [MOUSE, TABLET]]);
    const gone = await take('bench', choice, ['qplug-usb-tablet']);
    expect(gone).toMatchObject({ live: true, file: { entries: [{ outcome: 'removed', line: 10 }] } });
    expect([now(), await tree(), beside()]).toEqual([TEXT, [MOUSE], ['bench.yaml']]);
  });

  test('--live: the VM alone; --config: the file alone', async () => {
    expect(await plug('bench', LIVE)).toMatchObject({ live: true, file: undefined });
    expect([now(), await tree()]).toEqual([TEXT, [MOUSE, TABLET]]);
    await take('bench', LIVE, ['qplug-usb-tablet']);
    expect(await plug('bench', CONFIG)).toMatchObject({ live: false, devices: [] });
    expect([now(), await tree()]).toEqual([ADDED, [MOUSE]]);
    await take(file, CONFIG, ['usb-tablet']);
    expect([now(), await tree()]).toEqual([TEXT, [MOUSE]]);
  });

  test('what one of the two does not have is taken out of the other, unless both were asked for', async () => {
    await plug('bench', LIVE);
    const error = await failing(take('bench', BOTH, ['qplug-usb-tablet']));
    expect([codes(error), await tree()]).toEqual([['not-in-file'], [MOUSE, TABLET]]);
    const live = await take('bench', NEITHER, ['qplug-usb-tablet']);
    expect(live.findings).toMatchObject([{ code: 'not-in-file', severity: 'note' }]);
    await plug('bench', CONFIG);
    const config = await take('bench', NEITHER, ['usb-tablet']);
    expect(config).toMatchObject({ live: false, findings: [{ code: 'not-attached', severity: 'note' }] });
    expect([now(), await tree()]).toEqual([TEXT, [MOUSE]]);
    const nowhere = await failing(take('bench', NEITHER, ['usb-tablet', 'm']));
    expect(codes(nowhere)).toEqual(['not-attached', 'not-in-file']);
    expect(await tree()).toEqual([MOUSE]);
  });

  test('QEMU can not have it: the file is as it was', async () => {
    const many = Array.from({ length: 4 }, () => 'usb-tablet');
    expect((await failing(plug('bench', NEITHER, {}, many))).kind).toBe('no-plan');
    expect([now(), await tree(), beside()]).toEqual([TEXT, [MOUSE], ['bench.yaml']]);
  });

  test('the file can not be what it would be: the VM is as it was', async () => {
    const target = await changeTarget('bench', NEITHER, world.host);
    const request = { selectors: [], emulated: ['usb-tablet'], controller: 'y' };
    const error = await failing(attachTo(target, request, world.host, world.operation()));
    expect(codes(error).at(-1)).toBe('edit-would-break');
    expect([now(), await tree(), beside()]).toEqual([TEXT, [MOUSE], ['bench.yaml']]);
  });

  test.each([['attach'], ['detach']])(
    '%s: somebody edits the file meanwhile: theirs stays, and the VM is set back',
    async (what) => {
      const before = await tree();
      const onProgress = (): void => writeFileSync(file, `${TEXT}# theirs\n`);
      const error = await failing(
        what === 'attach' ? plug('bench', NEITHER, { onProgress }) : take('bench', NEITHER, ['m'], { onProgress }),
      );
      // what the command line made can not be made again by qplug: that is told
      expect(codes(error)).toEqual(what === 'attach' ? ['vm-file-changed'] : ['vm-file-changed', 'not-undone']);
      expect([now(), beside()]).toEqual([`${TEXT}# theirs\n`, ['bench.yaml']]);
      if (what === 'attach') expect(await tree()).toEqual(before);
    },
  );

  test('a device that qplug plugged is put back where it was when the file can not be changed', async () => {
    await plug('bench', NEITHER);
    const onProgress = (what: string): void => {
      if (what.startsWith('write')) rmSync(file);
    };
    expect(codes(await failing(take('bench', NEITHER, ['qplug-usb-tablet'], { onProgress })))).toEqual([
      'vm-file-changed',
    ]);
    expect(await tree()).toEqual([MOUSE, TABLET]);
  });

  test('the rename fails, for what was written beside the file is gone: the VM is set back, and the file is whole', async () => {
    const onProgress = (what: string): void => {
      if (what.startsWith('write')) rmSync(join(world.folder, '.bench.yaml.qplug-new'));
    };
    expect(codes(await failing(plug('bench', NEITHER, { onProgress })))).toEqual(['vm-file-unwritable']);
    expect([now(), await tree(), beside()]).toEqual([TEXT, [MOUSE], ['bench.yaml']]);
    await plug('bench', CONFIG);
    expect([now(), beside()]).toEqual([ADDED, ['bench.yaml']]);
  });

  test('interrupted before the file: neither is changed', async () => {
    const controller = new AbortController();
    const onProgress = (what: string): void => {
      if (what.startsWith('plug')) controller.abort(new Error('enough'));
    };
    const error = await failing(plug('bench', NEITHER, { signal: controller.signal, onProgress }));
    expect(error.message).toBe('enough');
    expect([now(), await tree(), beside()]).toEqual([TEXT, [MOUSE], ['bench.yaml']]);
  });

  test('two at once: both are in the VM and in the file', async () => {
    await Promise.all([
      plug('bench', NEITHER),
      plug('bench', CONFIG, {}, ['usb-kbd']),
      plug('bench', NEITHER, {}, ['usb-kbd']),
    ]);
    expect((await tree()).map((one) => one.split(' ')[2]).toSorted()).toEqual(['usb-kbd', 'usb-mouse', 'usb-tablet']);
    expect([...now().matchAll(/emulated: ([\w-]+) \}/g)].map(([, model]) => model).toSorted()).toEqual([
      'usb-kbd',
      'usb-kbd',
      'usb-tablet',
    ]);
  });

  test('its file is gone: the VM alone, unless the file was asked for', async () => {
    rmSync(file);
    expect(await plug('bench', NEITHER)).toMatchObject({ live: true, file: undefined });
    expect(codes(await failing(plug('bench', CONFIG)))).toEqual(['vm-without-file']);
  });

  test('another file of that name: nobody knows which is meant, unless one is chosen', async () => {
    const other = world.file('other.yaml', TEXT);
    expect(codes(await failing(plug(other, NEITHER)))).toEqual(['vm-other-file']);
    await plug(other, CONFIG);
    expect([now(), readFileSync(other, 'utf8')]).toEqual([TEXT, ADDED]);
    rmSync(other);
  });
});

describe('a VM that does not run', () => {
  test('named by its file: the file is changed, and that is said; the next start has the device', async () => {
    const { ino } = statSync(file);
    const report = await plug(file, NEITHER);
    expect(report).toMatchObject({ live: false, findings: [{ code: 'vm-stopped', severity: 'note' }] });
    expect([now(), statSync(file).ino === ino]).toEqual([ADDED, false]);
    const { process } = await start();
    process.leave();
    expect((await tree()).map((one) => one.split(' ').slice(2, 4).join(' '))).toEqual([
      'usb-mouse m',
      'usb-tablet usb-tablet',
    ]);
  });

  test('--live, or named by its name: not found; a name with --config asks for the file', async () => {
    expect(codes(await failing(plug(file, LIVE)))).toEqual(['vm-not-found']);
    expect(codes(await failing(plug(file, BOTH)))).toEqual(['vm-not-found']);
    expect(codes(await failing(plug('bench', NEITHER)))).toEqual(['vm-not-found']);
    const error = await failing(plug('bench', CONFIG));
    expect([codes(error), error.kind]).toEqual([['vm-without-file'], 'not-found']);
    expect(now()).toBe(TEXT);
  });

  test('a device that is not there, an emulated one that is none: refused, and the file is as it was', async () => {
    expect(codes(await failing(take(file, NEITHER, ['1-2'])))).toEqual(['not-in-file']);
    expect(codes(await failing(plug(file, NEITHER, {}, ['usb-tablte'])))).toEqual([
      'value-unknown',
      'edit-would-break',
    ]);
    expect([now(), beside()]).toEqual([TEXT, ['bench.yaml']]);
  });
});

test('a VM that was adopted by its socket has no file', async () => {
  await using qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x');
  expect(await plug(qemu.socket, NEITHER)).toMatchObject({ live: true, file: undefined });
  for (const choice of [CONFIG, BOTH]) {
    expect(codes(await failing(plug(qemu.socket, choice)))).toEqual(['vm-without-file']);
  }
});

test('on the command line: words for people, and documents as promised', async () => {
  const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: join(world.folder, 'run') };
  const { process: qemu } = await start();
  qemu.leave();
  const words = ['attach', 'bench', '--emulated', 'usb-tablet'];
  expect((await qplug(words, { env })).out).toMatch(
    /^qplug-usb-tablet \(usb-tablet\) attached: .*\n\S*bench\.yaml: added usb-tablet \(line 10\)\n$/m,
  );
  expect((await qplug(['detach', 'bench', 'qplug-usb-tablet'], { env })).out).toContain('removed usb-tablet (line 10)');
  const both = await documentOf(words, { env });
  expect(both).toMatchObject({ live: true, file: { path: file, entries: [{ outcome: 'added', line: 10 }] } });
  const live = await documentOf(['detach', 'bench', 'qplug-usb-tablet', '--live'], { env });
  expect(live).toMatchObject({ live: true, file: null });
  const config = await documentOf(['detach', file, 'usb-tablet', '--config'], { env });
  expect(config).toMatchObject({ live: false, devices: [], file: { entries: [{ outcome: 'removed', select: null }] } });
  const grown = await documentOf(['attach', file, 'dead:beef', '--config', '--grow', 'both'], { env });
  expect(grown).toMatchObject({ code: 'options-conflict', exit: 2 });
  const away = await documentOf(['attach', file, 'dead:beef', '--config'], { env });
  expect(away).toMatchObject({
    file: { entries: [{ select: 'dead:beef' }] },
    findings: [{ code: 'wanted-not-plugged-in' }],
  });
  const again = await qplug(['attach', file, 'dead:beef', '--config'], { env });
  expect(again.out).toMatch(/bench\.yaml: dead:beef is already there \(line 10\)\n$/);
  expect([both, live, config, grown, away].flatMap(schemaErrors)).toEqual([]);
});
