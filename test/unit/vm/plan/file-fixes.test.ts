import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseVmFile } from '../../../../src/config/index.js';
import { describe as words } from '../../../../src/diag/index.js';
import { checkGuest } from '../../../../src/launcher/index.js';
import { type FilePlan, planFile } from '../../../../src/vm/plan/plan-start.js';
import { random } from '../../planner/random.js';
import { isWholeRun } from '../../runs.js';

type Entry = Record<string, unknown>;

/** What of a VM file matters here. */
interface Usb {
  controllers?: Entry[] | undefined;
  hubs?: Entry[] | undefined;
  grow?: string[] | undefined;
  devices: Entry[];
}
interface File {
  machine?: string | undefined;
  usb: Usb;
}

/** @returns the plan of a VM file; undefined where it is not accepted */
async function planned(file: File): Promise<FilePlan | undefined> {
  const text = stringify(file);
  const vm = await parseVmFile(text, '/vm.yaml', { checkGuest }).catch(() => undefined);
  return vm && planFile(vm, { major: 7, minor: 2, micro: 0 }, undefined);
}

/** Does to a VM file what a fix says, word by word. */
function typed(file: File, id: string, fix: string): File {
  const copy = structuredClone(file);
  const { usb } = copy;
  const line = usb.devices.find((one) => one['id'] === id) ?? usb.hubs?.find((one) => one['id'] === id);
  const pieces = fix.split(', and ');
  for (const piece of pieces) {
    const [, fragment = ''] = /`([^`]*)`/.exec(piece) ?? [];
    const where = piece.slice(piece.lastIndexOf('`') + 1).replace(/ \(.*\)$/, '');
    if (/^leave out /.test(piece)) {
      for (const [, key] of piece.matchAll(/`(\w+):`/g)) Reflect.deleteProperty(line!, key!);
    } else if (/^add /.test(piece)) {
      expect(where).toBe(' under usb.controllers');
      const [added] = parse(fragment) as Entry[];
      usb.controllers = [...(usb.controllers ?? []), added!];
    } else {
      expect(piece).toMatch(/^write /);
      const written = parse(`{ ${fragment} }`) as Entry;
      const controller = / for the controller (\S+)$/.exec(where)?.[1];
      const target =
        controller !== undefined
          ? usb.controllers!.find((one) => one['id'] === controller)
          : where === ' under usb'
            ? usb
            : line;
      if (where !== ' under usb' && controller === undefined) expect(where).toBe(' on its line');
      Object.assign(target!, written);
    }
  }
  return copy;
}

const port = fc.integer({ min: 0, max: 3 });
const controller = (id: string): fc.Arbitrary<Entry> =>
  fc.oneof(
    fc
      .record({ p2: port, p3: port })
      .filter(({ p2, p3 }) => p2 + p3 > 0)
      .map((ports) => ({ id, model: 'qemu-xhci', ...ports })),
    fc.constantFrom('usb-ehci', 'ich9', 'ich9-ehci1', 'piix3-uhci').map((model) => ({ id, model })),
    fc.integer({ min: 0, max: 2 }).map((ports) => ({ id, model: 'pci-ohci', ports })),
  );

const device = (id: string, controllers: readonly string[]): fc.Arbitrary<Entry> =>
  fc
    .record({
      emulated: fc.constantFrom('usb-tablet', 'usb-kbd', 'usb-ccid', 'usb-storage'),
      slower: fc.constantFrom('refuse', 'refuse', 'allow'),
      controller: fc.option(fc.constantFrom('usb-bus.0', ...controllers), { nil: undefined }),
      port: fc.option(fc.constantFrom(1, 2, '3'), { nil: undefined, freq: 1 }),
    })
    .map(({ emulated, slower, controller, port }) => ({
      id,
      emulated,
      slower,
      ...(controller === 'usb-bus.0' && controllers.length > 0 ? {} : controller === undefined ? {} : { controller }),
      ...(port === undefined ? {} : { port }),
      ...(emulated === 'usb-storage' ? { drive: { file: 'x.img' } } : {}),
    }));

const file: fc.Arbitrary<File> = fc
  .tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: 1, max: 6 }))
  .chain(([count, devices]) => {
    const ids = Array.from({ length: Math.max(0, count) }, (_, i) => `c${i}`);
    const machines =
      count > 0 ? ['q35', 'pc', 'q35,usb=on', 'microvm'] : ['q35,usb=on', 'pc,usb=on', 'microvm', 'isapc'];
    return fc.record({
      machine: fc.constantFrom(...machines),
      usb: fc.record({
        controllers: fc.tuple(...ids.map(controller)).map((list) => (count < 0 ? undefined : list)),
        grow: fc.constantFrom([], [], ['hubs'], ['controllers']),
        devices: fc.tuple(...Array.from({ length: devices }, (_, i) => device(`d${i}`, ids))),
      }),
    });
  });

/** Such as are rare: a port for SuperSpeed alone; a controller that nobody wrote down, which has to be named beside a new one. */
const EXAMPLES: [File][] = [
  [
    {
      usb: {
        grow: [],
        controllers: [{ id: 'c0', model: 'qemu-xhci', p2: 1, p3: 3 }],
        devices: [{ id: 'd0', emulated: 'usb-tablet', controller: 'c0', port: 3 }],
      },
    },
  ],
  [
    {
      usb: {
        grow: ['controllers'],
        devices: Array.from({ length: 76 }, (_, i) => ({ id: `d${i}`, emulated: 'usb-tablet' })),
      },
    },
  ],
];

describe('the fix of a refusal in a VM file', () => {
  test('typed as it is told, it is accepted, the device has a port, and no other lost its own', async () => {
    const kinds = new Set<string>();
    let valid = 0;
    await fc.assert(
      fc.asyncProperty(file, async (asked) => {
        const before = await planned(asked);
        if (before === undefined) return;
        valid++;
        const kept = before.plan.placements.map(({ key }) => key);
        for (const [i, { key, fix }] of before.plan.refusals.entries()) {
          const told = words(before.findings[i]!).fix;
          if (fix.fix === 'none') {
            expect(told).toBeUndefined();
            continue;
          }
          kinds.add(fix.fix);
          const after = await planned(typed(asked, key, told ?? ''));
          expect([told, after?.plan.placements.map((one) => one.key)]).toEqual([
            told,
            expect.arrayContaining([...kept, key]),
          ]);
        }
      }),
      { ...random(600), examples: EXAMPLES },
    );
    if (!isWholeRun) return;
    expect(valid).toBeGreaterThan(200);
    expect([...kinds].sort()).toEqual([
      'add-companions',
      'add-controller',
      'allow-slower',
      'both',
      'grow',
      'more-ports',
      'repin',
      'unpin',
    ]);
  });
});
