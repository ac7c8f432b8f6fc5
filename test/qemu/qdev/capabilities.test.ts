import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../src/config/index.js';
import { findQemu } from '../../../src/launcher/index.js';
import {
  CONTROLLER_MODELS,
  type ControllerModel,
  controllerModel,
  controllerPorts,
  DEFAULT_HUB_PORTS,
  EMULATED_MODELS,
  mayHave,
  type QueryReply,
  readCapabilities,
  spellsDevicesAsJson,
  usbHostByNode,
} from '../../../src/qdev/index.js';
import { RawQemu } from '../harness/raw-qmp.js';

const FILE = `usb:
  devices:
${EMULATED_MODELS.filter(({ driver, launchable }) => launchable && driver !== 'usb-hub')
  .map(({ driver, needs }) => `    - { emulated: ${driver}${needs === 'drive' ? ', drive: { file: a.img }' : ''} }`)
  .join('\n')}
`;

async function ask(text: string) {
  const vm = await parseVmFile(text, '/vm/x.yaml');
  const { capabilities } = await findQemu({ vm, searchPath: process.env['PATH'] ?? '' }, true);
  if (capabilities === undefined) throw new Error('this QEMU said nothing');
  return capabilities;
}

/** The same of a VM that runs, for any models. */
async function askLive(models: readonly string[]) {
  await using qemu = await RawQemu.start(['-M', 'pc']);
  const reading = readCapabilities(qemu.version, models);
  let step = reading.next();
  while (step.done !== true) {
    const replies: QueryReply[] = [];
    for (const { command, arguments: args } of step.value) replies.push(await qemu.ask(command, args));
    step = reading.next(replies);
  }
  return step.value;
}

describe('what the QEMU at hand says of itself', () => {
  test('is what the model takes for the defaults of ports', async () => {
    const { models } = await askLive([...CONTROLLER_MODELS, 'usb-hub', 'usb-host']);
    const property = (model: string, name: string) => models.get(model)?.get(name);
    for (const model of ['qemu-xhci', 'nec-usb-xhci'] as const) {
      expect([property(model, 'p2'), property(model, 'p3')]).toEqual([4, 4]);
      expect(controllerPorts({ model })).toHaveLength(4);
    }
    expect(property('nec-usb-xhci', 'slots')).toBe(64);
    expect(property('pci-ohci', 'num-ports')).toBe(controllerPorts({ model: 'pci-ohci' }).length);
    expect(property('usb-hub', 'ports')).toBe(DEFAULT_HUB_PORTS);
  });

  test('names the properties that qplug spells: companions have masterbus, and just they; usb-host has hostdevice', async () => {
    const { models } = await askLive([...CONTROLLER_MODELS, 'usb-hub', 'usb-host']);
    for (const model of CONTROLLER_MODELS) {
      expect(models.get(model)?.has('masterbus'), model).toBe(controllerModel(model)?.canBeCompanion);
    }
    const byNode = usbHostByNode({ driver: 'usb-host', id: 'h', properties: { hostbus: 1, hostaddr: 2 } });
    for (const name of Object.keys(byNode?.properties ?? {}))
      expect(models.get('usb-host')?.has(name), name).toBe(true);
  });

  test('agrees with what its help lists, model by model', async () => {
    const capabilities = await ask(FILE);
    const help = execFileSync('qemu-system-x86_64', ['-device', 'help'], { encoding: 'utf8' });
    const asked = [...capabilities.models.keys()];
    expect(asked).toEqual(expect.arrayContaining(['qemu-xhci', 'usb-hub', 'usb-host', 'usb-tablet', 'canokey']));
    expect(asked.filter((model) => mayHave(capabilities, model)).sort()).toEqual(
      asked.filter((model) => help.includes(`name "${model}"`)).sort(),
    );
    expect(asked.filter((model) => !mayHave(capabilities, model))).toContain('canokey');
  });

  test('is the same from a VM that runs', async () => {
    const [asked, live] = [await ask(FILE), await askLive(['usb-host', 'canokey', 'qemu-xhci'])];
    for (const [model, properties] of live.models) expect(properties, model).toEqual(asked.models.get(model));
  });

  test('the schema has the feature for JSON exactly where the version table says so', async () => {
    await using qemu = await RawQemu.start(['-M', 'none']);
    const reply = await qemu.ask('query-qmp-schema');
    const schema = 'ok' in reply ? (reply.ok as { name: string; features?: string[] }[]) : [];
    const features = schema.find(({ name }) => name === 'device_add')?.features ?? [];
    expect(features.includes('json-cli-hotplug')).toBe(spellsDevicesAsJson(qemu.version));
  });
});

test('its machines are those of its help', async () => {
  const { machines } = await ask('{}');
  const help = execFileSync('qemu-system-x86_64', ['-machine', 'help'], { encoding: 'utf8' });
  expect([...(machines ?? [])].sort()).toEqual([...help.matchAll(/^(\S+) {2,}\S/gm)].map((match) => match[1]).sort());
});

test('every controller that -device is said to take, QEMU takes, and no board part', async () => {
  const { models } = await askLive([...CONTROLLER_MODELS, 'usb-hub', 'usb-host']);
  const help = execFileSync('qemu-system-x86_64', ['-device', 'help'], { encoding: 'utf8' });
  const usb = help.slice(help.indexOf('USB devices:'), help.indexOf('\n\n', help.indexOf('USB devices:')));
  const controllers = [...usb.matchAll(/^name "([^"]+)", bus PCI/gm)].map((match) => match[1] as ControllerModel);
  expect(controllers.sort()).toEqual([...CONTROLLER_MODELS].sort());
  expect(controllers.every((model) => models.has(model))).toBe(true);
});
