import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { OracleQemu } from './harness/oracle-qemu.js';
import { DIFFERENCES } from './predictions/differences.js';

describe.each(DIFFERENCES)('$what', ({ seen, predicted, ask }) => {
  test.each(RELEASES)('on QEMU $name', async ({ name }) => {
    expect(await ask(name)).toBe(seen[name]);
    if (predicted === undefined) return;
    await using qemu = await OracleQemu.start({ release: name, args: ['-machine', 'none'] });
    expect(predicted(qemu.version)).toBe(seen[name]);
  });
});
