import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pico from 'picocolors';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { explainDevices } from '../../../src/cli/handlers/shared/explain-devices.js';
import { parseCommandLine } from '../../../src/cli/parse/parser.js';
import { renderExplanation } from '../../../src/cli/render/explanation.js';
import { describe as words } from '../../../src/diag/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { type Explanation, explain, OBJECTIVES, plan, planFindings } from '../../../src/planner/index.js';
import { planDocument } from '../../../src/view/documents/plan.js';
import { width } from '../../../src/view/text/text-width.js';
import { inventoryOf, recording } from '../host/recordings.js';
import { device, ehci, request, vm, xhci } from '../planner/layouts.js';
import { random } from '../planner/random.js';
import { anyRequest } from '../planner/random-requests.js';
import { schemaErrors } from '../view/documents/schemas.js';
import { documentOf, qplug } from './fake-terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { PATH: '/nowhere', QPLUG_RUNTIME_DIR: folder };
const plain = { outColors: pico.createColors(false), columns: undefined };

function vmFile(name: string, text: string): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, text);
  return path;
}

const BENCH = vmFile(
  'bench',
  `usb:
  grow: [hubs]
  controllers:
    - { id: xhci, model: qemu-xhci, ports: 4 }
    - { id: ehci, model: usb-ehci }
  devices:
    - { emulated: usb-tablet, id: tablet }
    - { emulated: usb-ccid, id: reader }
    - { emulated: usb-kbd, id: keys, controller: xhci, port: 3 }
    - { emulated: usb-ccid, id: second, controller: ehci }
`,
);

describe('plan --explain', () => {
  test('shows each device with its ports, what decided, and what would change it', async () => {
    const { out, exit } = await qplug(['plan', BENCH, '--offline', '--explain'], { env });
    expect(exit).toBe(6);
    const [, ...parts] = out.trimEnd().split('\n\n');
    expect(parts).toEqual([
      `keys (usb-kbd)  xhci.0 port 3, 480M
  ports    xhci.0 ports 1 1.1-1.8 2 4  not the requested place
           xhci.0 port 3               chosen, 480M
           ehci.0 ports 1-6            not the requested place
  why      it is the requested port
  changes  no requested place  → ehci.0 port 1, 480M`,
      `reader (usb-ccid)  xhci.0 port 1.1, 12M
  ports    xhci.0 port 1         taken by qplug-hub-xhci.0-1
           xhci.0 port 1.1       chosen, 12M
           xhci.0 ports 1.2-1.8  would do as well, 12M
           xhci.0 ports 2 4      kept for future fast devices, 12M
           xhci.0 port 3         taken by keys (usb-kbd)
           ehci.0 ports 1-6      does not take its speed
  why      on xhci.0 port 2 it would take a fast port that is kept for future
           devices
  changes  15 ports on xhci                   → xhci.0 port 1, 12M
           companions for ehci (model: ich9)  → ehci.0 port 1, 12M
           a qemu-xhci of its own             → xhci.0 port 1, 12M
           reserve: 1                         → xhci.0 port 1, 12M`,
      `tablet (usb-tablet)  ehci.0 port 1, 480M
  ports    xhci.0 port 1         taken by qplug-hub-xhci.0-1
           xhci.0 port 1.1       taken by reader (usb-ccid)
           xhci.0 ports 1.2-1.8  too slow: 12M
           xhci.0 ports 2 4      would do as well, 480M
           xhci.0 port 3         taken by keys (usb-kbd)
           ehci.0 port 1         chosen, 480M
           ehci.0 ports 2-6      would do as well, 480M
  why      with it on xhci.0 port 2, 1 instead of 2 ports would stay free that
           carry SuperSpeed
  changes  no change that qplug tried`,
      `second (usb-ccid)  no place: the requested place does not take its speed
  ports    xhci.0 ports 1 1.1-1.8 2-4  not the requested place
           ehci.0 ports 1-6            does not take its speed
  changes  no requested place                 → xhci.0 port 1.2, 12M
           companions for ehci (model: ich9)  → ehci.0 port 2, 12M`,
    ]);
  });

  test('of one device is that one alone, by its id or by words of its name', async () => {
    for (const name of ['reader', 'usb-ccid', 'READER ccid']) {
      const { out } = await qplug(['plan', BENCH, '--offline', `--explain=${name}`], { env });
      const titles = out.match(/^\S.*\(usb-.*\) {2}.*$/gm)?.map((line) => line.split(' ')[0]);
      expect(titles).toEqual(name === 'usb-ccid' ? ['reader', 'second'] : ['reader']);
    }
  });

  test('of several devices: all that were named, once', async () => {
    const { placements, refusals } = (await documentOf(
      ['plan', BENCH, '--offline', '--explain=tablet', '--explain', 'reader', '--explain=second'].filter(
        (word) => word !== 'reader' && word !== '--explain',
      ),
      { env },
    )) as { placements: { id: string; explanation?: object }[]; refusals: { id: string; explanation?: object }[] };
    const with_ = [...placements, ...refusals].filter(({ explanation }) => explanation !== undefined);
    expect(with_.map(({ id }) => id)).toEqual(['tablet', 'second']);
  });

  test('of a device that is not there: what there is, and the nearest', async () => {
    const { exit, err } = await qplug(['plan', BENCH, '--offline', '--explain=redaer'], { env });
    expect(exit).toBe(3);
    expect(err).toBe(
      'error: this plan has no device redaer: it has: keys, reader, tablet, second\n  fix  --explain=reader\n',
    );
  });

  test('as JSON is as promised, and plain plans have none of it', async () => {
    const explainedOnes = await documentOf(['plan', BENCH, '--offline', '--explain'], { env });
    expect(schemaErrors(explainedOnes)).toEqual([]);
    expect(explainedOnes).toMatchObject({
      placements: [
        { id: 'keys', explanation: { why: { why: 'pin' } } },
        {
          id: 'reader',
          explanation: {
            ports: expect.arrayContaining([
              { bus: 'xhci.0', port: '1.2', last: '1.8', verdict: 'possible', megabits: 12, by: null },
            ]),
            why: { why: 'objective', objective: 'crowding', over: { bus: 'xhci.0', port: '2', megabits: 12 } },
          },
        },
        { id: 'tablet' },
      ],
      refusals: [{ id: 'second', explanation: { why: null } }],
    });
    expect(JSON.stringify(await documentOf(['plan', BENCH, '--offline'], { env }))).not.toContain('explanation');
  });

  test('host devices are found by selectors', async () => {
    const sysfs = recordedSysfs(recording('six-devices'));
    const { devices } = inventoryOf(recording('six-devices'));
    const path = vmFile('host', `usb: { devices: [${devices.map(({ port }) => `'${port}'`).join(', ')}] }\n`);
    const [first] = devices;
    const document = (await documentOf(['plan', path, `--explain=${first?.port}`], { env, sysfs })) as {
      placements: { label: string; explanation?: object }[];
    };
    const with_ = document.placements.filter(({ explanation }) => explanation !== undefined);
    expect(with_).toHaveLength(1);
    expect(with_[0]?.label).toContain(`at ${first?.port}`);
  });
});

describe('explanations of random requests', () => {
  test('fit the terminal and the schema, have words for all, and show no control characters', () => {
    fc.assert(
      fc.property(anyRequest, fc.constantFrom(80, 120), (asked, columns) => {
        const evil = asked.devices.map((one) => ({ ...one, label: `${one.label} "a stick with quite a long name"` }));
        const request = { ...asked, devices: evil };
        const made = plan(request);
        const all = explainDevices([''], { request, plan: made, wanted: [] }, undefined);
        expect(all.size).toBe(request.devices.length);
        for (const one of all.values()) {
          const text = renderExplanation(one, { ...plain, columns });
          expect(text).not.toMatch(/undefined|null|NaN|\[object/);
          expect(text.split('\n').filter((line) => width(line) > columns)).toEqual([]);
        }
        const document = { schema: 'urn:qplug:plan:1', vm: 'x', ...planDocument(made, all), findings: [] };
        expect(schemaErrors(JSON.parse(JSON.stringify(document)))).toEqual([]);
      }),
      random(40),
    );
  });

  test('what QEMU calls others is made safe', () => {
    const evil = 'x\u001b[2J';
    const asked = request(vm(xhci('x', 1)), [device('a', 'high')]);
    const base = explain(asked, plan(asked), 'a');
    const ports: Explanation['ports'] = [
      { bus: evil, first: '1', last: '1', verdict: { verdict: 'taken', by: evil } },
      { bus: evil, first: '2', last: '2', verdict: { verdict: 'unsure', by: evil } },
    ];
    const changes: Explanation['changes'] = [{ change: { fix: 'detach', device: evil }, place: undefined, lost: [] }];
    expect(renderExplanation({ ...base!, ports, changes }, plain)).not.toContain('\u001b');
  });

  test('each objective has words of its own', () => {
    const asked = request(vm(xhci('x', 9), ehci()), [device('a', 'high')]);
    const base = explain(asked, plan(asked), 'a')!;
    const over = { bus: 'x.0', port: '2', speed: 'high' } as const;
    const told = OBJECTIVES.map((objective) => {
      const why = { why: 'objective', objective, chosen: -2, other: -1, over } as const;
      return /^ {2}why {6}(.*)$/m.exec(renderExplanation({ ...base, why }, plain))?.[1];
    });
    expect(told.every((text) => text?.includes('x.0 port 2'))).toBe(true);
    // Losing a pinned device, and a device, are told alike, mandatory or not.
    expect(new Set(told).size).toBe(OBJECTIVES.length - 1);
  });
});

describe('what a fix in a VM that runs says', () => {
  test('is accepted word by word: options by attach, commands by qplug, after a shell has read them', () => {
    const told = new Set<string>();
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const made = plan({ ...asked, leeway: asked.leeway });
        for (const found of planFindings(made, { vm: 'bench', running: true })) {
          for (const line of words(found).fix?.split('\n') ?? []) told.add(line.replace(/^# add /, ''));
        }
      }),
      random(300),
    );
    const typed = [...told].filter((piece) => /^(?:--|qplug )/.test(piece));
    for (const start of ['--port', '--controller', '--slower', '--grow', 'qplug detach']) {
      expect([start, typed.some((piece) => piece.startsWith(start))]).toEqual([start, true]);
    }
    const script = typed.map((piece) => `printf '%s\\0' ${piece}; echo`).join('\n');
    const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
    for (const [i, line] of read.entries()) {
      const shellWords = line.split('\0').slice(0, -1);
      const line_ = shellWords[0] === 'qplug' ? shellWords.slice(1) : ['attach', 'bench', '1-2', ...shellWords];
      const parsed = parseCommandLine(line_, COMMANDS);
      expect([typed[i], parsed.parsed]).toEqual([typed[i], 'command']);
    }
  });

  test('a controller to plug in is JSON that QEMU takes', () => {
    const topology = { ...vm(ehci()), hotplug: [{ bus: 'root1', capacity: 1 }] };
    const asked = request(topology, [device('a', 'full')], { leeway: { growable: [] } });
    const { fix = '' } = words(planFindings(plan(asked), { vm: "it's", running: true })[0]!);
    const [name, vmName, command, json] = execFileSync('sh', ['-c', `set -- ${fix}; shift; printf '%s\\n' "$@"`], {
      encoding: 'utf8',
    }).split('\n');
    expect([name, vmName, command]).toEqual(['qmp', "it's", 'device_add']);
    expect(JSON.parse(json ?? '')).toEqual({ driver: 'qemu-xhci', id: 'xhci', bus: 'root1', p2: 15, p3: 15 });
  });
});

describe('--explain on a command line', () => {
  const asked = (line: string): readonly string[] => {
    const parsed = parseCommandLine(line.split(' '), COMMANDS);
    return parsed.parsed === 'command' ? [...parsed.args.texts('explain'), '|', ...parsed.args.texts('selector')] : [];
  };

  test.each([
    ['plan bench.yaml', ['|']],
    ['plan bench.yaml --explain', ['', '|']],
    ['plan --explain bench.yaml', ['', '|']],
    ['--explain plan bench.yaml', ['', '|']],
    ['plan bench.yaml --explain=a', ['a', '|']],
    ['plan bench.yaml --explain=a --explain=b', ['a', 'b', '|']],
    ['plan bench --explain 0781:5567', ['', '|', '0781:5567']],
    ['plan bench 0781:5567 --explain --json', ['', '|', '0781:5567']],
    ['plan bench -- --explain', ['|', '--explain']],
  ])('%s', (line, found) => {
    expect(asked(line)).toEqual(found);
  });

  test('belongs to plan alone', () => {
    expect(() => parseCommandLine(['status', 'x', '--explain'], COMMANDS)).toThrow(/is an option of plan/);
  });
});

describe('a hub on a bare EHCI controller', () => {
  const WHY =
    'QEMU\'s usb-hub is a full-speed (USB 1.1) device, and a bare EHCI port takes only high speed; QEMU would exit at start with "speed mismatch"';

  const told = async (usb: string): Promise<{ why?: string; fix?: string; line?: number; text: string }> => {
    const path = vmFile('hub', `machine: q35\nusb:\n${usb}`);
    const { findings } = (await documentOf(['plan', path, '--offline'], { env })) as {
      findings: { code: string; why: string; fix?: string; location: { line: number } }[];
    };
    const [found] = findings.filter(({ code }) => code === 'pin-hub-speed');
    return {
      ...(found === undefined ? {} : { why: found.why, fix: found.fix ?? '', line: found.location.line }),
      text: path,
    };
  };

  test.each([
    {
      what: 'alone: companions',
      usb: `  controllers: [{ id: ehci, model: usb-ehci }]\n  hubs:\n    - { controller: ehci, port: 3 }\n`,
      fix: 'write `model: ich9` for the controller ehci',
    },
    {
      what: 'with the chip model that could have them',
      usb: `  controllers: [{ id: ehci, model: ich9-ehci1 }]\n  hubs:\n    - { controller: ehci, port: 3 }\n`,
      fix: 'write `model: ich9` for the controller ehci',
    },
    {
      what: 'beside an xHCI: that one, on a port that nothing else is pinned to',
      usb: `  controllers: [{ id: ehci, model: usb-ehci }, { id: x, model: qemu-xhci, ports: 4 }]\n  hubs:\n    - { controller: ehci, port: 3 }\n  devices: [{ emulated: usb-kbd, controller: x, port: 1 }]\n`,
      fix: 'write `controller: x, port: 2` on its line',
    },
    {
      what: 'with a device pinned behind it: companions, so that both stay',
      usb: `  controllers: [{ id: ehci, model: usb-ehci }, { id: x, model: qemu-xhci, ports: 4 }]\n  hubs:\n    - { controller: ehci, port: 3 }\n  devices: [{ emulated: usb-kbd, controller: ehci, port: '3.1' }]\n`,
      fix: 'write `model: ich9` for the controller ehci',
    },
    {
      what: 'the third, where two groups are all: nothing',
      usb: `  controllers: [{ id: a, model: ich9 }, { id: b, model: ich9 }, { id: c, model: usb-ehci }]\n  hubs:\n${[1, 2, 3, 4, 5, 6].flatMap((n) => ['a', 'b'].map((id) => `    - { controller: ${id}, port: ${n} }\n`)).join('')}    - { controller: c, port: 1 }\n`,
      fix: '',
    },
  ])('$what', async ({ usb, fix }) => {
    const found = await told(usb);
    expect([found.why, found.fix]).toEqual([WHY, fix]);
  });

  test('written as it is told, the file is accepted', async () => {
    const hub = '  hubs:\n    - { controller: ehci, port: 3 }\n';
    expect((await told(`  controllers: [{ id: ehci, model: usb-ehci }]\n${hub}`)).fix).toBe(
      'write `model: ich9` for the controller ehci',
    );
    const { exit } = await qplug(
      ['plan', vmFile('mended', `machine: q35\nusb:\n  controllers: [{ id: ehci, model: ich9 }]\n${hub}`), '--offline'],
      { env },
    );
    expect(exit).toBe(0);
  });

  test('a SuperSpeed-only port says its own speed', async () => {
    const usb = `  controllers: [{ id: x, model: qemu-xhci, p2: 1, p3: 4 }]\n  hubs:\n    - { controller: x, port: 3 }\n`;
    expect((await told(usb)).why).toContain('this port of `qemu-xhci` takes SuperSpeed, 5000 Mb/s');
    expect((await told(usb)).fix).toBe('write `controller: x, port: 1` on its line');
  });
});
