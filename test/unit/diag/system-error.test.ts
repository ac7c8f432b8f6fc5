import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { finding, systemError, describe as words } from '../../../src/diag/index.js';
import { UNSAFE } from './unsafe.js';

/** What something throws, really. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const told = (error: unknown): string | undefined => systemError(error)?.message;

test('what the system refuses is told with what, where and why', async () => {
  expect(told(thrownBy(() => readFileSync('/nowhere/x')))).toBe('could not open /nowhere/x: no such file or directory');
  expect(told(thrownBy(() => writeFileSync('/dev/full', 'x')))).toMatch(
    /^could not write .*: no space left on device$/,
  );
  expect(told(thrownBy(() => mkdirSync('/proc/self/x')))).toMatch(/^could not make the folder \/proc\/self\/x: /);
  const [refused] = await once(createConnection('/nowhere/qmp'), 'error');
  expect(told(refused)).toBe('could not connect to /nowhere/qmp: no such file or directory');
  const [missing] = await once(spawn('/nowhere/qemu'), 'error');
  expect(told(missing)).toBe('could not start /nowhere/qemu: no such file or directory');
});

test.each(['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'ENOMEM', 'EFBIG', 'EPERM'])(
  '%s has words, and what shows more or mends it, with a path that is quoted',
  (code) => {
    const path = "/a b/$(x)'";
    const found = finding('system-error', { syscall: 'open', path, to: path, code, reason: undefined });
    const { what, why = '', fix = '' } = words(found);
    expect(why).toMatch(/^[a-z/ -]+$/);
    expect(fix).not.toBe('');
    for (const text of [what, why, fix]) expect(text).not.toMatch(UNSAFE);
  },
);

test('a mistake of ours is none of the system', () => {
  expect(systemError(new TypeError('x is not a function'))).toBeUndefined();
  expect(systemError(thrownBy(() => readFileSync(-7)))).toBeUndefined();
  expect(systemError(thrownBy(() => openSync('a\0b', 'r')))).toBeUndefined();
  // a descriptor that is none
  expect(systemError(thrownBy(() => readFileSync(987_654)))).toBeUndefined();
  expect(systemError('a text')).toBeUndefined();
});
