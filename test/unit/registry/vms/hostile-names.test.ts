import {
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
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QplugError } from '../../../../src/diag/index.js';
import { PlaceStore, VmRegistry } from '../../../../src/registry/index.js';
import { isVmName } from '../../../../src/registry/vm-name.js';
import { recordOf } from '../records.js';

let top: string;
let folder: string;
let registry: VmRegistry;
let places: PlaceStore;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'qplug-hostile-'));
  folder = join(top, 'qplug');
  registry = new VmRegistry(folder);
  places = new PlaceStore(folder);
  writeFileSync(join(top, 'vm.json'), 'not ours');
  mkdirSync(folder);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const code = (work: () => unknown): string => {
  try {
    work();
    return 'it went through';
  } catch (error) {
    return (error as QplugError).code;
  }
};

/** All that is in the folder, and beside it. */
const all = (): string[] => readdirSync(top, { recursive: true, encoding: 'utf8' }).sort();

test('no name leads out of the folder of all VMs, nor to another file in it', () => {
  const known = ['..', '.', '', '../..', 'a/../..', '/etc', 'a/b', '.hidden', '..\\..', 'a\0', 'a\n', '\u202ea', 'ä'];
  const before = all();
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary', maxLength: 80 })), (name) => {
      if (isVmName(name)) return;
      expect(registry.read(name)).toBeUndefined();
      expect(code(() => registry.folderOf(name))).toBe('vm-name-wrong');
      expect(code(() => registry.claim(recordOf(name, folder)))).toBe('vm-name-wrong');
      expect(code(() => places.read(name))).toBe('vm-name-wrong');
    }),
  );
  expect(all()).toEqual(before);
  expect(readFileSync(join(top, 'vm.json'), 'utf8')).toBe('not ours');
});

test('a link in the place of what is written is not followed', () => {
  const victim = join(top, 'victim');
  writeFileSync(victim, 'as it was');
  const record = recordOf('bench', folder);
  registry.claim(record);
  const inPlace = [join(registry.folderOf('bench'), 'vm.json'), join(folder, 'places/bench.json')];
  mkdirSync(join(folder, 'places'));
  for (const path of inPlace) {
    rmSync(path, { force: true });
    symlinkSync(victim, path);
  }
  registry.update(record);
  expect(places.write({ format: 1, vm: 'bench', controllers: [], devices: [] } as never)).toEqual([]);
  expect(inPlace.map((path) => lstatSync(path).isFile())).toEqual([true, true]);
  expect(readFileSync(victim, 'utf8')).toBe('as it was');
});
