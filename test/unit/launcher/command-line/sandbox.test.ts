import { expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { checkSandbox, sandboxOption } from '../../../../src/launcher/command-line/sandbox.js';
import { buildArgv, runtimePaths } from '../../../../src/launcher/index.js';
import type { Capabilities } from '../../../../src/qdev/index.js';

const version = { major: 7, minor: 2, micro: 0 };
const told = (sandbox: Capabilities['sandbox']): Capabilities => ({
  version,
  models: new Map(),
  deviceAdd: undefined,
  machines: undefined,
  sandbox,
});
const ALL = told(new Set(['enable', 'obsolete', 'elevateprivileges', 'spawn', 'resourcecontrol']));
const WHOLE = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';
const fileOf = (qemu: string) => parseVmFile(`qemu: ${qemu}\n`, '/vm/x.yaml');

test.each([
  ['{}', undefined],
  ['{ user: a }', WHOLE],
  ['{ user: a, sandbox: true }', WHOLE],
  ['{ user: a, sandbox: false }', undefined],
  ['{ sandbox: true }', WHOLE],
])('%s: -sandbox %s', async (qemu, expected) => {
  expect(sandboxOption(await fileOf(qemu), ALL)).toBe(expected);
});

test('only what this build knows is said; where it could not be asked, what the file insists on', async () => {
  const some = told(new Set(['enable', 'spawn', 'obsolete']));
  expect(sandboxOption(await fileOf('{ user: a }'), some)).toBe('on,obsolete=deny,spawn=deny');
  expect(sandboxOption(await fileOf('{ user: a }'), told(new Set()))).toBeUndefined();
  expect(sandboxOption(await fileOf('{ user: a }'), undefined)).toBeUndefined();
  expect(sandboxOption(await fileOf('{ sandbox: true }'), undefined)).toBe(WHOLE);
});

test('a build without: a warning, and an error where the file insists on it', async () => {
  const found = async (qemu: string, capabilities: Capabilities | undefined) =>
    checkSandbox(await fileOf(qemu), 'qemu', capabilities).map(({ code, severity }) => `${code} ${severity}`);
  const none = told(new Set());
  expect(await found('{ user: a }', none)).toEqual(['qemu-no-sandbox warning']);
  expect(await found('{ user: a, sandbox: true }', none)).toEqual(['qemu-no-sandbox error']);
  expect(await found('{ sandbox: true }', undefined)).toEqual([]);
  expect(await found('{}', none)).toEqual([]);
  expect(await found('{ user: a }', ALL)).toEqual([]);
});

test('one that is among the arguments stays the only one', async () => {
  const flags = async (qemu: string): Promise<string[]> =>
    buildArgv({
      vm: await fileOf(qemu),
      version,
      capabilities: ALL,
      paths: runtimePaths('/run', 'x'),
      controllers: [],
      hubs: [],
      emulated: [],
      paused: true,
    }).flatMap(({ flag, value }) => (flag === '-sandbox' ? [value ?? ''] : []));
  expect(await flags('{ user: a }')).toEqual([WHOLE]);
  expect(await flags('{ user: a, args: [-sandbox, off] }')).toEqual(['off']);
});
