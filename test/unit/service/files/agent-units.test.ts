import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Terminal } from '../../../../src/cli/terminal.js';
import { UNIT_MARK } from '../../../../src/service/units/index.js';
import { documentOf, qplug, type Ran } from '../../cli/fake-terminal.js';
import { schemaErrors } from '../../view/documents/schemas.js';

let folder: string;
let units: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-units-'));
  units = join(folder, 'system');
  mkdirSync(units);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SYSTEM = ['qplug-agent.service', 'qplug-sleep.service', 'qplug-uevent.socket', 'qplug.socket', 'qplug@.service'];
const USER = ['qplug-agent.service', 'qplug.socket', 'qplug@.service'];

const env = (): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  QPLUG_RUNTIME_DIR: join(folder, 'run'),
});

const asRoot = (more: Partial<Terminal> = {}): Partial<Terminal> => ({
  ...{ uid: 0, units, env: env(), program: ['/bin/sh', '/bin/sh'] },
  ...more,
});

const agent = (words: string, more: Partial<Terminal> = {}): Promise<Ran> =>
  qplug(['agent', ...words.split(' ')], asRoot(more));

const read = (name: string): string => readFileSync(join(units, name), 'utf8');
const here = (): string[] => readdirSync(units).sort();

test('install writes the units, shows them, and says what comes next', async () => {
  const { exit, out, err } = await agent('install');
  expect([exit, err]).toEqual([0, '']);
  expect(here()).toEqual(SYSTEM);
  for (const name of SYSTEM) {
    expect(read(name).split('\n', 1)).toEqual([UNIT_MARK]);
    expect(out).toContain(`# ${join(units, name)}\n${read(name)}`);
    expect(lstatSync(join(units, name)).mode & 0o777).toBe(0o644);
  }
  expect(read('qplug-agent.service')).toContain('\nExecStart=":/bin/sh" "/bin/sh" agent\n');
  expect(
    out.endsWith(`Next:
  systemctl daemon-reload
  systemctl enable qplug-sleep.service
  systemctl enable --now qplug.socket qplug-uevent.socket qplug-agent.service
`),
  ).toBe(true);
});

test('installed twice, the second time changes nothing; another program changes the units', async () => {
  await agent('install');
  const states = async (program: readonly string[]): Promise<unknown[]> => {
    const document = await documentOf(['agent', 'install'], asRoot({ program }));
    expect(schemaErrors(document)).toEqual([]);
    return (document['units'] as { state: string }[]).map(({ state }) => state);
  };
  expect(await states(['/bin/sh', '/bin/sh'])).toEqual(Array(5).fill('unchanged'));
  // its sockets are the same
  expect((await states(['/bin/sh', '/bin/cat'])).toSorted()).toEqual([
    ...Array(2).fill('unchanged'),
    ...Array(3).fill('written'),
  ]);
  expect(read('qplug-agent.service')).toContain('"/bin/cat"');
});

test.each(['install', 'uninstall'])('--dry-run of %s writes nothing', async (verb) => {
  const document = await documentOf(['agent', verb, '--dry-run'], asRoot({ program: ['/n', '/not/there'] }));
  expect(schemaErrors(document)).toEqual([]);
  expect(document['units']).toHaveLength(5);
  expect((await agent(`${verb} --dry-run`)).out).toContain('# ');
  expect(here()).toEqual([]);
  await agent('install');
  await agent(`${verb} --dry-run`);
  expect(here()).toEqual(SYSTEM);
});

test('--dry-run is for these two', async () => {
  for (const words of ['--dry-run', 'status --dry-run']) {
    const { exit, err } = await agent(words);
    expect(exit).toBe(2);
    expect(err).toContain('qplug agent install --dry-run');
  }
});

test('a user gets units of their own, in a folder that is made', async () => {
  const config = join(folder, 'config');
  const more = { uid: 1000, units: undefined, program: ['/bin/sh', join(folder, 'mine.js')] };
  const { exit, out } = await agent('install', { ...more, env: { ...env(), XDG_CONFIG_HOME: config } });
  expect(exit).toBe(0);
  expect(readdirSync(join(config, 'systemd/user')).sort()).toEqual(USER);
  expect(out).toContain('systemctl --user enable --now qplug.socket qplug-agent.service\n');
  const home = { ...env(), HOME: folder, XDG_CONFIG_HOME: 'relative' };
  expect((await agent('install', { ...more, env: home })).exit).toBe(0);
  expect(readdirSync(join(folder, '.config/systemd/user')).sort()).toEqual(USER);
  expect((await agent('uninstall', { ...more, env: home })).exit).toBe(0);
  expect(readdirSync(join(folder, '.config/systemd/user'))).toEqual([]);
  const nowhere = await agent('install', { ...more, env: env() });
  expect([nowhere.exit, nowhere.err]).toEqual([2, expect.stringContaining('HOME is not set')]);
});

test.each([
  ['a file of another program', (path: string) => writeFileSync(path, '[Unit]\n')],
  ['a file that names the mark later', (path: string) => writeFileSync(path, `\n${UNIT_MARK}\n`)],
  ['a link, as systemctl mask makes it', (path: string) => symlinkSync('/dev/null', path)],
  [
    'a link to a unit of qplug',
    (path: string) => {
      writeFileSync(join(folder, 'elsewhere'), `${UNIT_MARK}\n`);
      symlinkSync(join(folder, 'elsewhere'), path);
    },
  ],
  ['a folder', (path: string) => mkdirSync(path)],
])('%s stays, and nothing is written', async (_, put) => {
  const path = join(units, 'qplug@.service');
  put(path);
  const inode = (): number => lstatSync(path).ino;
  const before = inode();
  const { exit, err } = await agent('install');
  expect(exit).toBe(5);
  expect(err).toContain(`mv ${path} ${path}.old\n       qplug agent install\n`);
  expect(here()).toEqual(['qplug@.service']);
  expect(inode()).toBe(before);
  expect((await agent('uninstall')).out).toContain(`kept ${path}\n`);
  expect(inode()).toBe(before);
});

test('uninstall removes what install wrote, and nothing else', async () => {
  await agent('install');
  writeFileSync(join(units, 'other.service'), '');
  const { exit, out } = await agent('uninstall');
  expect(exit).toBe(0);
  expect(out).toContain(`removed ${join(units, 'qplug.socket')}\n`);
  expect(out.endsWith('Next:\n  systemctl daemon-reload\n')).toBe(true);
  expect(here()).toEqual(['other.service']);
  const again = await documentOf(['agent', 'uninstall'], asRoot());
  expect(schemaErrors(again)).toEqual([]);
  expect(again['units']).toEqual(expect.arrayContaining([{ path: join(units, 'qplug.socket'), state: 'absent' }]));
});

test('uninstall waits until no unit is enabled', async () => {
  await agent('install');
  for (const [target, name] of [
    ['sockets.target.wants', 'qplug.socket'],
    ['multi-user.target.wants', 'qplug@bench.service'],
    ['multi-user.target.wants', 'other.service'],
  ] as const) {
    mkdirSync(join(units, target), { recursive: true });
    symlinkSync(join(units, name), join(units, target, name));
  }
  const { exit, err } = await agent('uninstall');
  expect(exit).toBe(5);
  expect(err).toContain(
    'systemctl disable --now qplug.socket\n       systemctl disable qplug@bench.service\n       qplug agent uninstall\n',
  );
  expect(here()).toEqual(expect.arrayContaining(SYSTEM));
});

test('root gets no unit that runs what others can change', async () => {
  const script = join(folder, 'main.js');
  writeFileSync(script, '');
  chmodSync(script, 0o666);
  const { exit, err } = await agent('install', { program: ['/bin/sh', script] });
  expect(exit).toBe(5);
  expect(err).toContain(`chmod go-w ${script}`);
  expect(here()).toEqual([]);
});

test('a host without systemd has no folder for units, and gets none', async () => {
  const missing = join(folder, 'missing');
  const { exit, err } = await agent('install', { units: missing });
  expect([exit, err]).toEqual([1, expect.stringContaining('qplug agent\n')]);
  expect(existsSync(missing)).toBe(false);
});
