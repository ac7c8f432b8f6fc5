import { describe, expect, test } from 'vitest';
import type { QplugError } from '../../../src/diag/index.js';
import { checkSocketPaths, runtimePaths } from '../../../src/launcher/index.js';
import { runtimeDir, stateDir } from '../../../src/registry/index.js';

describe('runtimeDir', () => {
  test.each([
    ['root', {}, 0, '/run/qplug'],
    ['a user', { XDG_RUNTIME_DIR: '/run/user/7' }, 7, '/run/user/7/qplug'],
    ['root with XDG', { XDG_RUNTIME_DIR: '/run/user/0' }, 0, '/run/qplug'],
    ['a folder of one’s own', { QPLUG_RUNTIME_DIR: '/x', XDG_RUNTIME_DIR: '/y' }, 7, '/x'],
    ['a relative folder of one’s own', { QPLUG_RUNTIME_DIR: 'x', XDG_RUNTIME_DIR: '/y' }, 7, '/y/qplug'],
  ])('%s', (_who, env, uid, expected) => {
    expect(runtimeDir(env, uid)).toBe(expected);
  });

  test.each([{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'run' }])('a user with %j is told what to set', (env) => {
    expect(() => runtimeDir(env, 7)).toThrow(
      expect.objectContaining<Partial<QplugError>>({ code: 'runtime-dir-unknown' }) as Error,
    );
  });
});

describe('stateDir', () => {
  test.each([
    ['root', {}, 0, '/var/lib/qplug'],
    ['a user', { HOME: '/home/u' }, 7, '/home/u/.local/state/qplug'],
    ['a user with XDG', { HOME: '/home/u', XDG_STATE_HOME: '/s' }, 7, '/s/qplug'],
    ['a folder of one’s own', { QPLUG_STATE_DIR: '/x', QPLUG_RUNTIME_DIR: '/y' }, 7, '/x'],
    ['a runtime folder of one’s own', { QPLUG_RUNTIME_DIR: '/y', HOME: '/home/u' }, 0, '/y/state'],
    ['a user without a home', { HOME: '' }, 7, undefined],
  ])('%s', (_who, env, uid, expected) => {
    expect(stateDir(env, uid)).toBe(expected);
  });
});

describe('checkSocketPaths', () => {
  test('107 bytes are allowed, 108 are not', () => {
    const paths = (bytes: number) => ({ qplugSocket: `/${'x'.repeat(bytes - 1)}`, ownerSocket: '/s' });
    expect(checkSocketPaths(paths(107))).toEqual([]);
    expect(checkSocketPaths(paths(108))).toMatchObject([{ code: 'socket-path-too-long', evidence: { bytes: 108 } }]);
  });

  test('bytes are counted, not characters', () => {
    const { qplugSocket, ownerSocket } = runtimePaths(`/run/${'é'.repeat(48)}`, 'vm');
    expect(qplugSocket.length).toBeLessThan(107);
    expect(checkSocketPaths({ qplugSocket, ownerSocket })).toHaveLength(2);
  });
});
