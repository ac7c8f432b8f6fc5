import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseVmFile, type VmFile } from '../../../src/config/index.js';
import { describe as describeFinding, QplugError } from '../../../src/diag/index.js';
import { CONTROLLER_ALIASES, CONTROLLER_MODELS } from '../../../src/qdev/index.js';

const read = (text: string, checks = {}): Promise<VmFile> => parseVmFile(text, '/vm/bench.yaml', checks);

/** `line:column code` of each finding. */
async function finds(text: string, checks = {}): Promise<string[]> {
  const error = await read(text, checks).then(
    () => new Error('was accepted'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof QplugError)) throw error;
  return error.findings.map(({ location, code }) => `${location?.line ?? '-'}:${location?.column ?? '-'} ${code}`);
}

async function words(text: string): Promise<string[]> {
  const error = (await read(text).catch((caught: unknown) => caught)) as QplugError;
  return error.findings.map((found) => JSON.stringify(describeFinding(found)));
}

describe('what a file leaves out', () => {
  test('an empty mapping gives every default', async () => {
    const { locate, ...file } = await read('{}');
    expect(file).toEqual({
      path: '/vm/bench.yaml',
      name: 'bench',
      machine: 'q35',
      accel: ['kvm', 'tcg'],
      memory: '512M',
      cpus: 1,
      drives: [],
      qemu: { binary: 'qemu-system-x86_64', args: [] },
      usb: {
        controllers: undefined,
        hubs: [],
        grow: { hubs: true, controllers: true },
        reserve: 4,
        devices: [],
        allow: undefined,
        deny: [],
      },
    });
    expect(locate(['usb'])).toEqual({ file: '/vm/bench.yaml', line: 1, column: 1 });
  });

  test('ids that are made up give way to those that are written, wherever they stand', async () => {
    const { drives, usb } = await read(`
drives: [{ file: a }, { file: b, id: drive0 }, { file: c }]
usb:
  controllers: [{ model: xhci }, { model: xhci, id: xhci }, { model: ich9 }, { model: ehci, count: 3 }]
  hubs: [{ controller: xhci, port: 1 }, { controller: xhci, port: 2, id: hub }]
  devices: [{ emulated: usb-kbd }, { emulated: usb-kbd }]
`);
    expect(drives.map(({ id }) => id)).toEqual(['drive1', 'drive0', 'drive2']);
    expect(usb.controllers?.map(({ id }) => id)).toEqual(['xhci1', 'xhci', 'ich9', 'ehci', 'ehci1', 'ehci2']);
    expect(usb.hubs.map(({ id }) => id)).toEqual(['hub1', 'hub']);
    expect(usb.devices.map((wish) => wish.kind === 'emulated' && wish.id)).toEqual(['usb-kbd', 'usb-kbd1']);
  });

  test('ids of a counted controller clash with written ones', async () => {
    expect(await finds('usb: {controllers: [{model: uhci, id: a, count: 2}, {model: uhci, id: a1}]}')).toEqual([
      '1:71 id-used-twice',
    ]);
  });

  test('relative files and programs are taken from the folder of the file', async () => {
    const { drives, qemu } = await read('{drives: [{file: a.qcow2}, {file: /b.img}], qemu: {binary: ./q}}');
    expect(drives.map(({ file, format }) => [file, format])).toEqual([
      ['/vm/a.qcow2', 'qcow2'],
      ['/b.img', 'raw'],
    ]);
    expect(qemu.binary).toBe('/vm/q');
  });

  test('a port that looks like a number keeps its zeros, in YAML and JSON', async () => {
    const { usb } = await read('{"usb": {"devices": [{"select": "a", "port": 2.10}, {"select": "b", "port": 3}]}}');
    expect(usb.devices.map(({ port }) => port)).toEqual(['2.10', '3']);
  });

  test('a file name that is no VM name asks for one', async () => {
    const error = await parseVmFile('{}', '/vm/-x y.yaml').catch((caught: QplugError) => caught);
    expect((error as QplugError).code).toBe('name-from-file');
  });
});

describe('what YAML allows', () => {
  test('anchors and aliases work, and positions are those of the alias', async () => {
    const file = await read('usb:\n  devices:\n    - &a { select: x, slower: allow }\n    - *a\n');
    expect(file.usb.devices.map(({ slower }) => slower)).toEqual(['allow', 'allow']);
    expect(file.locate(['usb', 'devices', 1])).toMatchObject({ line: 4, column: 7 });
  });

  test('an alias to nothing, and one to what it is in, are told', async () => {
    expect(await finds('usb: { devices: [*x], deny: &d [*d] }')).toEqual([
      '1:18 alias-unusable',
      '1:33 alias-unusable',
    ]);
  });

  test('aliases that unfold without measure are refused', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : Array(9).fill(`*a${i - 1}`)}]`,
    );
    expect(await finds(levels.join('\n'))).toEqual(['1:1 vm-file-aliases']);
  });

  test('a reserved character is told to be quoted', async () => {
    expect(await finds('usb:\n  devices:\n    - @1.5\n')).toEqual(['3:7 vm-file-syntax']);
    expect((await words('usb: {devices: [@1.5]}'))[0]).toContain("'@1.5'");
  });

  test.each([
    ['', 'vm-file-not-mapping'],
    ['# nothing', 'vm-file-not-mapping'],
    ['- a', 'vm-file-not-mapping'],
    ['text', 'vm-file-not-mapping'],
    ['null', 'vm-file-not-mapping'],
    ['--- {}\n--- {}', 'vm-file-documents'],
    ['{a: [}', 'vm-file-syntax'],
    ['name: !odd x', 'vm-file-syntax'],
    ['name: a\nname: b', 'key-duplicate'],
    ['{"name": "a", "name": "b"}', 'key-duplicate'],
    ['__proto__: 1', 'key-unknown'],
    ['constructor: 1', 'key-unknown'],
    ['name: ../x', 'value-form'],
    ['name: ""', 'value-form'],
    ['name: "a\\0"', 'value-nul'],
    ['qemu: {args: ["a\\0b"]}', 'value-nul'],
    ['memory: 1.5', 'value-type'],
    ['memory: 0', 'value-range'],
    ['cpus: .inf', 'value-type'],
    ['cpus: 0', 'value-range'],
    ['accel: []', 'value-count'],
    ['accel: [kwm]', 'value-unknown'],
    ['usb: {controllers: [{model: xhci, p2: 0, p3: 0}]}', 'ports-none'],
    ['usb: {controllers: [{model: ehci, ports: 2}]}', 'ports-fixed'],
    ['usb: {controllers: [{model: ohci, p2: 2}]}', 'ports-fixed'],
    ['usb: {controllers: [{model: xhci, id: 1a}]}', 'value-form'],
    ['usb: {devices: [{select: a, port: "02"}]}', 'value-form'],
    ['usb: {devices: [{select: a, port: 1e3}]}', 'value-form'],
    ['usb: {devices: [{emulated: usb-hub}]}', 'value-unknown'],
    ['usb: {devices: [{emulated: usb-uas}]}', 'emulated-by-hand'],
    ['usb: {devices: [{emulated: usb-redir}]}', 'emulated-by-hand'],
    ['usb: {devices: [{emulated: usb-hub}]}', 'value-unknown'],
    ['usb: {devices: [{emulated: usb-kbd, drive: {file: a}}]}', 'drive-not-taken'],
    ['usb: {devices: [{emulated: usb-kbd, properties: {attached: true}}]}', 'property-reserved'],
  ])('%j is refused with %s', async (text, code) => {
    expect((await finds(text)).map((line) => line.split(' ')[1])).toContain(code);
  });

  test('a key that is a list is a finding, and nothing is printed beside it', async () => {
    const printed: Error[] = [];
    const listen = (warning: Error): void => void printed.push(warning);
    process.on('warning', listen);
    try {
      expect(await finds('? [\u009b]\n: 1')).toEqual(['1:1 key-unknown']);
      await new Promise((done) => setImmediate(done));
    } finally {
      process.off('warning', listen);
    }
    expect(printed).toEqual([]);
  });

  test('thousands of levels are refused, not a crash', async () => {
    const error = await read('['.repeat(50_000)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(QplugError);
  });

  test('a file of nonsense is refused, with no more than a hundred findings', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `key${i}: x`).join('\n');
    expect((await finds(text)).length).toBe(100);
  });
});

describe('all at once', () => {
  test('one mistake is told once, with the key or value that was meant', async () => {
    expect(await words('usb: {controlers: [{modle: qemu-xhi}]}')).toEqual([
      expect.stringContaining('write `controllers:`'),
      expect.stringContaining('write `model:`'),
      expect.stringContaining('write `model: qemu-xhci`'),
    ]);
  });

  test('what stands after broken entries keeps its own line', async () => {
    const checkSelector = (text: string): string | undefined => (text === 'bad' ? 'it is bad' : undefined);
    const text = 'usb:\n  devices:\n    - 12\n    - {}\n    - good\n    - bad\n    - { select: bad }\n  deny: [bad]\n';
    expect(await finds(text, { checkSelector })).toEqual([
      '3:7 value-type',
      '4:7 key-missing',
      '6:7 selector-wrong',
      '7:17 selector-wrong',
      '8:10 selector-wrong',
    ]);
  });

  test('quotes and brackets are offered where they are all that lacks', async () => {
    const text = 'usb: {devices: [{select: 12}], grow: hubs}\nqemu: {args: [-smp, 2]}';
    expect(await words(text)).toEqual([
      expect.stringContaining("write `'12'`"),
      expect.stringContaining('write `[hubs]`'),
      expect.stringContaining("write `'2'`"),
    ]);
  });

  test('the check of the whole VM is told with the rest, in order', async () => {
    const { finding } = await import('../../../src/diag/index.js');
    const checkGuest = (file: VmFile) => [
      finding('controller-no-slot', { model: 'x' }, { location: file.locate(['machine']) }),
    ];
    expect(await finds('cpus: 0\nmachine: pc\nusb: 1\n', { checkGuest })).toEqual([
      '1:7 value-range',
      '2:10 controller-no-slot',
      '3:6 value-type',
    ]);
  });
});

describe('schemas/vm.schema.json', () => {
  const schema = JSON.parse(readFileSync(new URL('../../../schemas/vm.schema.json', import.meta.url), 'utf8'));

  test('knows exactly the controllers that QEMU and its aliases name, and the group', () => {
    const models: string[] = schema.definitions.controller.properties.model.enum;
    expect([...models].sort()).toEqual([...CONTROLLER_MODELS, ...Object.keys(CONTROLLER_ALIASES), 'ich9'].sort());
  });

  test('describes every key', () => {
    const described = (node: { properties?: object; $ref?: string; description?: string }): boolean =>
      node.description !== undefined ||
      schema.definitions[node.$ref?.split('/').at(-1) ?? '']?.description !== undefined;
    const keys = [schema, schema.properties.usb, schema.properties.qemu, ...Object.values(schema.definitions)]
      .flatMap((node) => Object.entries((node as { properties?: object }).properties ?? {}))
      .filter(([, node]) => !described(node as object))
      .map(([key]) => key);
    expect(keys).toEqual([]);
  });
});
