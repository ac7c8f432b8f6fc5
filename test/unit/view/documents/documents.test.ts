import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { recordedSysfs } from '../../../../src/host/index.js';
import { type DeviceRequest, plan } from '../../../../src/planner/index.js';
import { emptyTopology, FULL, HIGH, LOW, predictControllers, SUPER } from '../../../../src/qdev/index.js';
import { planDocument } from '../../../../src/view/documents/plan.js';
import { goldens } from '../../../golden/golden.js';
import { documentOf, qplug } from '../../cli/fake-terminal.js';
import { recording } from '../../host/recordings.js';
import { SCHEMAS, schemaErrors, schemaTexts } from './schemas.js';

const runtime = mkdtempSync(join(tmpdir(), 'qplug-documents-'));
afterAll(() => rmSync(runtime, { recursive: true }));

/** No QEMU is found: what is planned for is then the newest that is known. */
const env = { PATH: '/nowhere', QPLUG_RUNTIME_DIR: runtime };
const golden = (file: string): string => join(import.meta.dirname, '../../../golden', file);

describe('the schemas', () => {
  test('are those of the documents that qplug prints', () => {
    expect(SCHEMAS).toEqual(
      'adopt agent-event agent-hold agent-status agent-units argv assign assignments attach claims detach device-event devices doctor end error list mend migrate plan qmp rebalance release resume room run share-kept share snapshot-delete snapshot-list snapshot-restore snapshot-save status suspend unassign vms wait'.split(
        ' ',
      ),
    );
  });

  test.each(SCHEMAS)('%s names itself, and refuses an empty document and one field too many', (name) => {
    const schema = `urn:qplug:${name}:1`;
    expect(schemaErrors({ schema }).join('\n')).toMatch(/must have required property/);
    expect(schemaErrors({ schema, more: 1 }).join('\n')).toMatch(/must NOT have additional properties/);
  });

  test('have words for every field', () => {
    const bare: string[] = [];
    const visit = (value: unknown, path: string): void => {
      const node = value as Record<string, unknown>;
      const fields = (node['properties'] ?? {}) as Record<string, Record<string, unknown>>;
      for (const [name, field] of Object.entries(fields)) {
        if (!['description', '$ref', 'const'].some((key) => key in field)) bare.push(`${path}/${name}`);
      }
      for (const [name, child] of Object.entries(node)) {
        if (typeof child === 'object' && child !== null) visit(child, `${path}/${name}`);
      }
    };
    for (const [name, text] of Object.entries(schemaTexts())) visit(JSON.parse(text), name);
    expect(bare).toEqual([]);
  });
});

describe('devices', () => {
  test.each(['six-devices', 'hub-twins-gadgets'] as const)('of the recorded host %s are as promised', async (name) => {
    const document = await documentOf(['devices'], { sysfs: recordedSysfs(recording(name)) });
    expect(document['schema']).toBe('urn:qplug:devices:1');
    expect(document['devices']).not.toEqual([]);
    expect(schemaErrors(document)).toEqual([]);
  });

  test('of a host without USB are as promised, with the warning', async () => {
    const bare = { ...recordedSysfs(recording('six-devices')), list: () => undefined };
    const document = await documentOf(['devices'], { sysfs: bare });
    expect(document).toMatchObject({ devices: [], findings: [{ code: 'no-usb-on-host', severity: 'warning' }] });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('the selector of each means that device alone', async () => {
    const sysfs = recordedSysfs(recording('hub-twins-gadgets'));
    const { devices } = (await documentOf(['devices'], { sysfs })) as { devices: { selector: string; port: string }[] };
    for (const { selector, port } of devices) {
      expect(await documentOf(['devices', selector], { sysfs })).toMatchObject({ devices: [{ port }] });
    }
  });
});

const good = goldens.filter(({ finds }) => finds.length === 0).map(({ file }) => file);
const bad = goldens.filter(({ finds }) => finds.length > 0).map(({ file }) => file);

describe('VM files', () => {
  const sysfs = recordedSysfs(recording('six-devices'));

  test.each(good)('plan of %s is as promised', async (file) => {
    const document = await documentOf(['plan', golden(file)], { env, sysfs });
    expect(document['schema']).toBe('urn:qplug:plan:1');
    expect(schemaErrors(document)).toEqual([]);
  });

  test.each(good)('argv of %s is as promised, and the words are those of the text', async (file) => {
    const document = await documentOf(['argv', golden(file)], { env, sysfs });
    const { out } = await qplug(['argv', golden(file)], { env, sysfs });
    expect(document['schema']).toBe('urn:qplug:argv:1');
    expect(schemaErrors(document)).toEqual([]);
    expect(out.split('\n')[0]).toContain((document['argv'] as string[])[0]);
  });

  test('plans tell where a device was, and who has a port that was kept', async () => {
    const folder = join(runtime, 'remembers');
    const at = (bus: string, port: string, who: object, more: object = {}) => ({
      who,
      label: 'away',
      bus,
      port,
      ...more,
    });
    const gone = { controller: '0000:00:14.0', chain: [9], vendorId: 1, productId: 2 };
    const devices = [at('x.0', '1', { id: 't' }), at('x.0', '2', gone, { select: '9-9' })];
    mkdirSync(join(folder, 'state', 'places'), { recursive: true, mode: 0o700 });
    writeFileSync(
      join(folder, 'state', 'places', 'small.json'),
      JSON.stringify({ format: 1, vm: 'small', controllers: [], devices }),
    );
    const file = join(folder, 'small.yaml');
    const model = '{ emulated: usb-tablet, id: t }, { emulated: usb-tablet, id: u, controller: x, port: 1 }';
    const usb = `{ grow: [], controllers: [{ id: x, model: qemu-xhci, ports: 2 }], devices: [${model}, 9-9] }`;
    writeFileSync(file, `name: small\nusb: ${usb}\n`);
    const document = await documentOf(['plan', file], { env: { ...env, QPLUG_RUNTIME_DIR: folder }, sysfs });
    expect(schemaErrors(document)).toEqual([]);
    expect(document).toMatchObject({
      placements: [
        { id: 't', port: '2', home: { bus: 'x.0', port: '1' } },
        { id: 'u', port: '1', home: null },
      ],
      keptTaken: [{ bus: 'x.0', port: '2', label: 'away' }],
    });
    const forgetful = await documentOf(['plan', file, '--forget'], {
      env: { ...env, QPLUG_RUNTIME_DIR: folder },
      sysfs,
    });
    expect(forgetful).toMatchObject({ placements: [{ home: null }, { home: null }], keptTaken: [] });
  });

  test.each(bad)('what is wrong in %s is as promised', async (file) => {
    const document = await documentOf(['plan', golden(file), '--offline'], { env });
    expect(JSON.stringify(document)).toContain(golden(file));
    expect(schemaErrors(document)).toEqual([]);
  });
});

describe('plans', () => {
  const topology = {
    ...emptyTopology({ major: 7, minor: 2, micro: 0 }),
    controllers: predictControllers([
      { id: 'ehci', model: 'usb-ehci' },
      { id: 'uhci', model: 'piix3-usb-uhci' },
    ]),
  };
  const device = (key: string, more: Partial<DeviceRequest>): DeviceRequest => ({
    key,
    label: key,
    mask: FULL,
    native: 'full',
    mandatory: true,
    slower: 'refuse',
    ...more,
  });

  test('with hubs, refusals of several reasons and their fixes are as promised', () => {
    const none = { hubs: false, controllers: [] };
    const requests = [
      device('disk', { mask: SUPER | HIGH, native: 'super' }),
      device('lost', { mask: SUPER, native: 'super' }),
      device('none', { mask: 0 }),
      device('mouse', { mask: LOW, native: 'low', pin: { controller: 'uhci', port: '1' } }),
      device('other', { mask: LOW, native: 'low', pin: { controller: 'uhci', port: '1' } }),
      device('wrong', { pin: { controller: 'ehci', port: '2' } }),
      device('nowhere', { pin: { controller: 'xhci' } }),
      ...Array.from({ length: 4 }, (_, index) => device(`card${index}`, {})),
    ];
    const refusing = plan({ topology, growth: none, devices: requests });
    const growing = plan({ topology, growth: { ...none, hubs: true }, devices: requests.slice(-4) });
    for (const made of [refusing, growing]) {
      const document = { schema: 'urn:qplug:plan:1', vm: 'x', ...planDocument(made), findings: [] };
      expect(schemaErrors(JSON.parse(JSON.stringify(document)))).toEqual([]);
    }
    expect(growing.hubs).not.toEqual([]);
    expect(new Set(refusing.refusals.map(({ reason }) => reason)).size).toBeGreaterThan(3);
  });
});

describe('room', () => {
  test.each(good)('plan --count of %s is as promised', async (file) => {
    const document = await documentOf(['plan', golden(file), '--offline', '--count'], { env });
    expect(document).toMatchObject({ schema: 'urn:qplug:room:1' });
    const speeds = (document['room'] as { megabits: number }[]).map(({ megabits }) => megabits);
    expect(speeds).toEqual([1.5, 12, 480, 5000]);
    expect(schemaErrors(document)).toEqual([]);
  });

  test.each([
    ['480', 480],
    ['high', 480],
    ['1.5', 1.5],
    ['super', 5000],
  ])('--count %s is of that class alone', async (word, megabits) => {
    const document = await documentOf(['plan', golden('default.yaml'), '--offline', `--count=${word}`], { env });
    expect(document['room']).toMatchObject([{ megabits }]);
  });

  test('for people: a line for each speed, with what would be added', async () => {
    const { exit, out } = await qplug(['plan', golden('default.yaml'), '--offline', '--count'], { env });
    expect(exit).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(1))).toMatchObject([
      [expect.stringMatching(/^free capacity/)],
      ['speed', 'as it is', 'at most', 'adding'],
      ['1.5M', '15', expect.any(String), expect.stringMatching(/× usb-hub$/)],
      ['12M', '15', expect.any(String), expect.stringMatching(/× usb-hub$/)],
      ['480M', '15', '75', '4 × qemu-xhci'],
      ['5G', '15', '75', '4 × qemu-xhci'],
      [],
    ]);
  });
});

describe('doctor', () => {
  test('is as promised, and a QEMU that is not there makes the host unhealthy', async () => {
    const document = await documentOf(['doctor', '--binary', 'qemu-system-nothing'], { env });
    expect(document).toMatchObject({ schema: 'urn:qplug:doctor:1', healthy: false });
    expect(schemaErrors(document)).toEqual([]);
    expect((await qplug(['doctor', '--binary', 'qemu-system-nothing'], { env })).exit).toBe(1);
  });
});
