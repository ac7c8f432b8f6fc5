import { describe, expect, test } from 'vitest';
import { unitsOf } from '../../../../src/service/index.js';
import { UNIT_MARK } from '../../../../src/service/units/index.js';

const PROGRAM = ['/usr/bin/node', '/usr/lib/node_modules/qplug/dist/cli/main.js'];
const WORDS = '"/usr/lib/node_modules/qplug/dist/cli/main.js"';

const textOf = (name: string, manager: 'system' | 'user', program: readonly string[] = PROGRAM): string =>
  unitsOf(program, manager).find((unit) => unit.name === name)?.text ?? '';

const settings = (text: string, key: string): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? line.slice(key.length + 1) : []));

describe('the units', () => {
  test('of the system hear the kernel and know when the host sleeps; those of a user do not', () => {
    const names = (manager: 'system' | 'user'): string[] => unitsOf(PROGRAM, manager).map(({ name }) => name);
    expect(names('system')).toEqual([
      'qplug.socket',
      'qplug-uevent.socket',
      'qplug-agent.service',
      'qplug@.service',
      'qplug-sleep.service',
    ]);
    expect(names('user')).toEqual(['qplug.socket', 'qplug-agent.service', 'qplug@.service']);
  });

  test('begin with the mark of qplug, and end with one line break', () => {
    for (const { text } of [...unitsOf(PROGRAM, 'system'), ...unitsOf(PROGRAM, 'user')]) {
      expect(text.split('\n', 1)).toEqual([UNIT_MARK]);
      expect(text).toMatch(/[^\n]\n$/);
    }
  });

  test('put the socket where clients look for it', () => {
    expect(settings(textOf('qplug.socket', 'system'), 'ListenStream')).toEqual(['/run/qplug/agent/control.sock']);
    expect(settings(textOf('qplug.socket', 'user'), 'ListenStream')).toEqual(['%t/qplug/agent/control.sock']);
  });

  test.each([
    ['qplug-agent.service', 'system', 'ExecStart', `":/usr/bin/node" ${WORDS} agent`],
    ['qplug-agent.service', 'user', 'ExecStart', `":/usr/bin/node" ${WORDS} agent`],
    ['qplug@.service', 'system', 'ExecStart', `":/usr/bin/node" ${WORDS} run /etc/qplug/vms/%i.yaml`],
    ['qplug@.service', 'user', 'ExecStart', `":/usr/bin/node" ${WORDS} run %E/qplug/vms/%i.yaml`],
    ['qplug-sleep.service', 'system', 'ExecStart', `"-:/usr/bin/node" ${WORDS} agent hold`],
    ['qplug-sleep.service', 'system', 'ExecStop', `"-:/usr/bin/node" ${WORDS} agent resume`],
  ] as const)('%s of the %s: %s', (name, manager, key, line) => {
    expect(settings(textOf(name, manager), key)).toEqual([line]);
  });

  test('give the agent no socket of the kernel where there is none', () => {
    expect(settings(textOf('qplug-agent.service', 'system'), 'Sockets')).toEqual(['qplug.socket qplug-uevent.socket']);
    expect(settings(textOf('qplug-agent.service', 'user'), 'Sockets')).toEqual(['qplug.socket']);
    expect(textOf('qplug-agent.service', 'user')).not.toContain('CapabilityBoundingSet');
  });
});

describe('the program', () => {
  test.each([
    ['/opt/my programs/node', '":/opt/my programs/node"'],
    ['/opt/100%/node', '":/opt/100%%/node"'],
    ['/opt/$HOME/$X/node', '":/opt/$HOME/$X/node"'],
    ['/opt/größe/node', '":/opt/größe/node"'],
    ['/opt/a;b #c/node', '":/opt/a;b #c/node"'],
  ])('%s is quoted', (path, word) => {
    const [line] = settings(textOf('qplug-agent.service', 'system', [path, '/x.js']), 'ExecStart');
    expect(line).toBe(`${word} "/x.js" agent`);
  });

  test.each([
    ['/opt/"x"/main.js', '"/opt/\\"x\\"/main.js"'],
    ["/opt/it's/main.js", '"/opt/it\'s/main.js"'],
    ['/opt/a\\nb/main.js', '"/opt/a\\\\nb/main.js"'],
  ])('%s is quoted as a script; systemd takes it for no program', (path, word) => {
    const [line] = settings(textOf('qplug-agent.service', 'user', ['/usr/bin/node', path]), 'ExecStart');
    expect(line).toBe(`":/usr/bin/node" ${word} agent`);
    expect(() => unitsOf([path, '/x.js'], 'user')).toThrow(/unit of systemd/);
  });

  test.each([
    '/opt/a\nExecStartPre=/bin/sh',
    '/opt/\u001b[31m',
    '/opt/\u202ex',
    '/opt/\ufffd',
    'node',
    './node',
    '',
    `/${'x'.repeat(4096)}`,
  ])('%j is refused', (path) => {
    for (const program of [
      [path, '/x.js'],
      ['/usr/bin/node', path],
    ]) {
      expect(() => unitsOf(program, 'system')).toThrow(
        expect.objectContaining({ findings: [expect.objectContaining({ code: 'unit-program-unfit' })] }),
      );
    }
  });

  test('is needed', () => {
    expect(() => unitsOf([], 'user')).toThrow(/unit/);
  });
});
