import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { QplugError } from '../../../../src/diag/index.js';
import { argvArray, formatArgv } from '../../../../src/launcher/index.js';
import { expectedArgv, goldenArgv, goldens, readGolden, shortFindings } from '../../../golden/golden.js';

const good = goldens.filter(({ finds }) => finds.length === 0);
const bad = goldens.filter(({ finds }) => finds.length > 0);

describe('VM files and their command lines', () => {
  test('there are at least twelve, over all four machines', () => {
    const files = good.map(({ file }) => file);
    expect(files.length).toBeGreaterThanOrEqual(12);
    for (const machine of ['pc', 'q35', 'microvm', 'arm-virt']) expect(files.join(' ')).toContain(machine);
  });

  test.each(good)('$file: $title', async (golden) => {
    const vm = await readGolden(golden);
    const text = formatArgv(vm.qemu.binary, goldenArgv(vm, golden.version));
    expect(`${text}\n`).toBe(readFileSync(expectedArgv(golden), 'utf8'));
  });

  test.each(good)('$file: a shell reads the printed command line as the same words', async (golden) => {
    const vm = await readGolden(golden);
    const options = goldenArgv(vm, golden.version);
    const script = `${formatArgv('printf', options).replace('printf', "printf '%s\\0'")}\n`;
    const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
    expect(words).toEqual(argvArray(vm.qemu.binary, options).slice(1));
  });
});

describe('VM files with mistakes', () => {
  test.each(bad)('$file: $title', async (golden) => {
    const error = await readGolden(golden).catch((caught: QplugError) => caught);
    expect(shortFindings(error as QplugError)).toEqual(golden.finds);
  });
});
