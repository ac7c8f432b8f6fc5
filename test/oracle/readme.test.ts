import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { poll } from '../../src/base/index.js';
import { blocks, readme, sessions, withoutComment } from '../documents/documents.js';
import { USAGE } from '../documents/readme-usage.js';
import { patience } from '../patience.js';
import { writeEmptyImage } from '../qemu/harness/empty-image.js';
import { qplug, type Ran } from '../unit/cli/fake-terminal.js';
import { recordedHost } from './harness/recorded-host.js';
import { standInQemu } from './harness/stand-in-qemu.js';

/*
 * Types the commands that the README shows, on a recording of the lab's machine with the devices that the README names. The QEMU is that
 * of this machine, and its host a stand-in that has them too. The lab types the same with real devices (test/lab/suites).
 */
const sysfs = recordedHost(join(root, 'test/fixtures/sysfs/readme.json'));

let folder: string;
let env: Readonly<Record<string, string>>;
let home: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-readme-'));
  env = {
    PATH: standInQemu(folder, sysfs),
    QPLUG_RUNTIME_DIR: join(folder, 'run'),
    QPLUG_STATE_DIR: join(folder, 'state'),
  };
  home = process.cwd();
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(home);
  await type('qplug kill bench');
  rmSync(folder, { recursive: true });
});

function type(line: string): Promise<Ran> {
  const [program, ...words] = withoutComment(line).split(' ');
  expect(program).toBe('qplug');
  return qplug(words, { env, sysfs });
}

describe('the README', () => {
  test('its first attach, to a QEMU started as it says', async () => {
    const [[install, ...lines] = []] = sessions(readme(root));
    expect(withoutComment(install ?? '')).toBe('npm install --global qplug');
    const option = /`(-qmp unix:[^`]+)`/.exec(readme(root))?.[1] ?? '';
    const words = ['-display', 'none', '-S', '-device', 'qemu-xhci', ...option.split(' ')];
    const qemu = spawn('qemu-system-x86_64', words, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    try {
      await poll(() => existsSync('qmp.sock'), { interval: 20, signal: patience() });
      const [devices, attach, ...more] = await inOrder(lines);
      expect(more).toEqual([]);
      for (const ran of [devices, attach])
        expect({ ...ran, err: complaints(ran?.err ?? '') }).toMatchObject({ exit: 0, err: '' });
      expect(attach?.out).toMatch(
        /^0781:5567 "[^"]*Cruzer Blade" at \S+ attached: \S+ port \d+, 5G, id qplug-0781-5567-/,
      );
    } finally {
      qemu.kill();
      await once(qemu, 'exit');
    }
  });

  test('every line of "What you do with it", in order, with the VM file that it shows', async () => {
    const [, lines = []] = sessions(readme(root));
    expect(lines.map(withoutComment)).toEqual(USAGE.map(([command]) => command));
    writeFileSync('bench.yaml', blocks(readme(root), 'yaml')[0] ?? '');
    writeEmptyImage('disk.qcow2', 'qcow2');
    for (const [command, code, says] of USAGE) {
      const { exit, out, err } = await type(command);
      expect(exit, `${command}\n${out}${err}`).toBe(code);
      expect(out + err).toMatch(says);
      expect(err, command).not.toMatch(code === 0 ? /error|warning/ : /warning/);
    }
  });
});

/** The stderr of a command without its progress, which it shows when it takes over a second. */
const complaints = (err: string): string => err.replace(/^· .*\n/gm, '');

async function inOrder(lines: readonly string[]): Promise<Ran[]> {
  const ran: Ran[] = [];
  for (const line of lines) ran.push(await type(line));
  return ran;
}
