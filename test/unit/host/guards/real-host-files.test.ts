import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { walkProcesses } from '../../../../src/host/guards/holders.js';
import { realHostFiles } from '../../../../src/host/index.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-host-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const files = realHostFiles();

describe('this host', () => {
  test('tells what a node is', () => {
    expect(files.device('/dev/null')).toBe('char 1:3');
    symlinkSync('/dev/zero', join(folder, 'zero'));
    expect(files.device(join(folder, 'zero'))).toBe('char 1:5');
    expect(files.device(folder)).toBeUndefined();
  });

  test('has nothing where nothing is, or where it may not be read', () => {
    for (const path of ['/nowhere', join(folder, 'file', 'below')]) {
      expect([files.list(path), files.text(path), files.bytes(path), files.link(path), files.device(path)]).toEqual(
        Array.from({ length: 5 }),
      );
    }
    writeFileSync(join(folder, 'file'), 'x');
    expect([files.list(join(folder, 'file')), files.text(folder), files.link(folder)]).toEqual(
      Array.from({ length: 3 }),
    );
  });

  test('tells who has a node open: this process', () => {
    const fd = openSync('/dev/full', 'r');
    const node = { name: 'full', device: 'char 1:7' };
    const holders = (): number[] => {
      const walk = walkProcesses(files, { nodes: [node], sockets: new Set() });
      return (walk.holders.get('full') ?? []).map(({ pid }) => pid);
    };
    expect(holders()).toContain(process.pid);
    closeSync(fd);
    expect(holders()).not.toContain(process.pid);
  });
});
