import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Manager, unitsOf } from '../../../src/service/index.js';

/** The units as systemd itself reads them. */

const folder = mkdtempSync(join(tmpdir(), 'qplug-units-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Paths with all that a shell or systemd may take for something else. */
const [node, script] = ['odd %n $HOME ;#/node', 'odd %n "x" \'y\' $HOME \\t;#/main.js'].map((name) =>
  join(folder, name),
) as [string, string];
for (const path of [node, script]) {
  mkdirSync(dirname(path));
  writeFileSync(path, '', { mode: 0o755 });
}

function written(manager: Manager): string[] {
  const at = mkdtempSync(join(folder, `${manager}-`));
  return unitsOf([node, script], manager).map(({ name, text }) => {
    // systemd looks at instances
    const path = join(at, name.replace('@.', '@bench.'));
    writeFileSync(path, text);
    return path;
  });
}

function analyze(...words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('systemd-analyze', words, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', XDG_RUNTIME_DIR: folder },
  });
  expect(error).toBe(undefined);
  expect([words[0], status, stderr]).toEqual([words[0], 0, '']);
  return stdout;
}

test.each(['system', 'user'] as const)('those of the %s are without a fault for systemd', (manager) => {
  const user = manager === 'user' ? ['--user'] : [];
  expect(analyze(...user, 'verify', '--man=no', '--recursive-errors=no', ...written(manager))).toBe('');
});

test('the agent has few rights', () => {
  const path = written('system').find((one) => one.endsWith('qplug-agent.service')) ?? '';
  const told = analyze('security', '--offline=true', '--no-pager', path);
  const exposure = Number(/Overall exposure level for qplug-agent.service: ([\d.]+)/.exec(told)?.[1]);
  expect(exposure).toBeLessThan(5);
});
