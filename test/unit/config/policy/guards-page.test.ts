import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { parsePolicy } from '../../../../src/config/policy/parse-policy.js';
import { GUARD_KINDS } from '../../../../src/diag/index.js';
import { selectorFault } from '../../../../src/host/index.js';

const page = readFileSync(new URL('../../../../docs/guards.md', import.meta.url), 'utf8');
const shown = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');

test('the page tells every guard', () => {
  const table = page.split('## Overriding')[0] ?? '';
  expect(GUARD_KINDS.filter((kind) => !new RegExp(`^\\|.*\`${kind}\`.*\\|.*\\|$`, 'm').test(table))).toEqual([]);
});

test('the part of a VM file that is shown is valid', async () => {
  const { usb } = await parseVmFile(String(shown[0]), '/vm/bench.yaml', { checkSelector: selectorFault });
  expect(usb.devices).toMatchObject([{ guardOff: ['serial'] }]);
});

test('the policy that is shown is valid, and has every key', () => {
  const checks = { checkSelector: selectorFault, passwd: '', group: 'games:x:60:\n' };
  const { enabled, allow, deny } = parsePolicy(String(shown[1]), '/etc/qplug/policy.yaml', checks);
  expect([enabled, allow?.length, deny.length, shown.length]).toEqual([true, 3, 3, 2]);
  const schema = JSON.parse(readFileSync(new URL('../../../../schemas/policy.schema.json', import.meta.url), 'utf8'));
  const keys = Object.keys({ ...schema.properties, ...schema.definitions.rule.else.properties });
  expect(keys.filter((key) => !new RegExp(`\\b${key}:`).test(String(shown[1])))).toEqual([]);
});
