import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { checkGuest } from '../../../../src/launcher/index.js';

const text = readFileSync(new URL('../../../../docs/vm-file.md', import.meta.url), 'utf8');
const schema = JSON.parse(readFileSync(new URL('../../../../schemas/vm.schema.json', import.meta.url), 'utf8'));

test('the VM file that is shown is valid', async () => {
  const shown = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
  expect(shown).toHaveLength(1);
  const vm = await parseVmFile(String(shown[0]), '/vm/bench.yaml', { checkGuest });
  expect(vm.usb.controllers?.map(({ id }) => id)).toEqual(['xhci', 'legacy', 'legacy1']);
  expect(vm.usb.devices).toHaveLength(5);
});

test('every key is told', () => {
  const keys = [schema, ...Object.values(schema.properties), ...Object.values(schema.definitions)].flatMap((node) =>
    Object.keys((node as { properties?: object }).properties ?? {}),
  );
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
});

test('tabs of JSON are no YAML mistake', async () => {
  expect(await parseVmFile('{\n\t"machine": "pc",\n\t"usb": {\n\t\t"grow": []\n\t}\n}\n', '/x.json')).toMatchObject({
    machine: 'pc',
    usb: { grow: { hubs: false, controllers: false } },
  });
});
