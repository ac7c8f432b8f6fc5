import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QplugError } from '../../../../src/diag/index.js';
import { lives, VmRegistry } from '../../../../src/registry/index.js';
import { DEAD, recordOf, SELF } from '../records.js';

let folder: string;
let registry: VmRegistry;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-registry-'));
  registry = new VmRegistry(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const there = (): string[] => readdirSync(registry.folder);

function thrown(work: () => void): QplugError {
  try {
    work();
  } catch (error) {
    if (error instanceof QplugError) return error;
    throw error;
  }
  return expect.fail('it went through');
}

describe('claim', () => {
  test('a free name is taken, in a folder that is closed to others', () => {
    const record = recordOf('bench', folder);
    registry.claim(record);
    expect(registry.read('bench')).toEqual(record);
    expect(there()).toEqual(['bench']);
    expect(statSync(registry.folderOf('bench')).mode & 0o777).toBe(0o700);
  });

  test('a living VM keeps its name', () => {
    registry.claim(recordOf('bench', folder));
    const error = thrown(() => registry.claim(recordOf('bench', folder)));
    expect([error.code, error.kind]).toEqual(['vm-exists', 'refused']);
    expect(error.findings[0].evidence).toEqual({ name: 'bench', pid: process.pid });
    expect(there()).toEqual(['bench']);
  });

  test.each([
    ['its launcher died before QEMU ran', { launcher: DEAD }],
    ['its QEMU died, though its launcher lives', { qemu: DEAD }],
    ['the machine was started again', { qemu: { ...SELF, bootId: 'before' } }],
    ['its pid is another process now', { qemu: { ...SELF, startTime: SELF.startTime + 5 } }],
  ])('a name is free again when %s', (_, more) => {
    registry.claim(recordOf('bench', folder, more));
    expect(lives(recordOf('bench', folder, more))).toBe(false);
    const record = recordOf('bench', folder, { file: '/vms/new.yaml' });
    registry.claim(record);
    expect(registry.read('bench')).toEqual(record);
    expect(there()).toEqual(['bench']);
  });

  test.each([
    ['a torn record', '{"format":1,"name":"be'],
    ['an empty record', ''],
    ['a record that is a list', '[]'],
    ['a record of nothing', 'null'],
  ])('%s gives way, and is listed by nobody', (_, text) => {
    mkdirSync(registry.folderOf('bench'), { recursive: true });
    writeFileSync(join(registry.folderOf('bench'), 'vm.json'), text);
    expect([registry.read('bench'), registry.list()]).toEqual([undefined, []]);
    registry.claim(recordOf('bench', folder));
    expect(registry.read('bench')?.name).toBe('bench');
  });

  test('a folder of somebody else without a record gives way too', () => {
    mkdirSync(join(registry.folderOf('bench'), 'stuff'), { recursive: true });
    registry.claim(recordOf('bench', folder));
    expect(registry.read('bench')?.name).toBe('bench');
  });

  test('a process that died while it cleared a dead VM away does not block the name', () => {
    registry.claim(recordOf('bench', folder, { launcher: DEAD }));
    const own = registry.folderOf('bench');
    writeFileSync(join(own, `clearing_${DEAD.pid}_${DEAD.startTime}_${DEAD.bootId}`), '');
    rmSync(join(own, 'vm.json'));
    registry.claim(recordOf('bench', folder));
    expect(registry.read('bench')?.name).toBe('bench');
    expect(readdirSync(own)).toEqual(['vm.json']);
  });

  test('a file in place of the folder: state-write-failed, and nothing is left', () => {
    mkdirSync(registry.folder);
    writeFileSync(registry.folderOf('bench'), '');
    expect(thrown(() => registry.claim(recordOf('bench', folder))).code).toBe('state-write-failed');
    expect(there()).toEqual(['bench']);
  });
});

describe('afterwards', () => {
  test('update replaces the record; of a VM that is gone it says so', () => {
    registry.claim(recordOf('bench', folder));
    registry.update(recordOf('bench', folder, { qemu: SELF }));
    expect(registry.read('bench')?.qemu).toEqual(SELF);
    expect(readdirSync(registry.folderOf('bench'))).toEqual(['vm.json']);
    expect(thrown(() => registry.update(recordOf('other', folder))).code).toBe('state-write-failed');
  });

  test('remove forgets the VM that was claimed, and never a later one of that name', () => {
    const record = recordOf('bench', folder);
    registry.claim(record);
    registry.remove({ ...record, launcher: DEAD });
    expect(there()).toEqual(['bench']);
    registry.remove(record);
    registry.remove(record);
    expect(there()).toEqual([]);
  });

  test('removeIfDead leaves the living', () => {
    registry.claim(recordOf('alive', folder));
    registry.claim(recordOf('dead', folder, { launcher: DEAD }));
    for (const name of ['alive', 'dead', 'none']) registry.removeIfDead(name);
    expect(there()).toEqual(['alive']);
  });

  test('list is in order of name, and tells who lives', () => {
    registry.claim(recordOf('b', folder));
    registry.claim(recordOf('a', folder, { launcher: DEAD }));
    expect(registry.list().map(({ record, alive }) => [record.name, alive])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    expect(new VmRegistry(join(folder, 'none')).list()).toEqual([]);
  });

  test('a VM that is called as another one is while it is made or cleared away is not in its way', () => {
    for (const what of ['new', 'gone']) registry.claim(recordOf(`x.${what}-${process.pid}`, folder));
    registry.claim(recordOf('x', folder));
    registry.remove(recordOf('x', folder));
    registry.claim(recordOf('x', folder));
    expect(there().toSorted()).toEqual(['x', `x.gone-${process.pid}`, `x.new-${process.pid}`]);
    for (const name of there()) expect(registry.read(name)?.name).toBe(name);
  });

  test('sweep removes what dead processes left half-way, and nothing of the living', () => {
    registry.claim(recordOf('vm.new-7', folder));
    const nobody = 2 ** 22 + 1;
    // an older qplug's have no dot in front
    const own = `.y.new-${process.pid}`;
    const names = [`x.new-${nobody}`, `x.gone-${nobody}`, `.x.new-${nobody}`, `.x.gone-${nobody}`, own];
    for (const name of names) mkdirSync(join(registry.folder, name));
    registry.sweep();
    expect(there().toSorted()).toEqual([own, 'vm.new-7']);
  });
});
