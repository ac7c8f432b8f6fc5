import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portsOf } from '../../../../src/qdev/index.js';
import {
  type Box,
  columnsIn,
  type Geometry,
  type Item,
  type Port,
  textWidth,
} from '../../../../src/view/picture/geometry.js';
import { layOut } from '../../../../src/view/picture/layout.js';
import type { Scene } from '../../../../src/view/picture/scene.js';
import { width } from '../../../../src/view/text/text-width.js';
import { runs } from '../../runs.js';
import { attached, world } from '../topologies.js';
import { anyScene } from './scenes.js';

interface Rectangle {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What an item covers; of words, what they take where the font is as wide as is reckoned with. */
function rectangleOf(item: Item): Rectangle {
  switch (item.item) {
    case 'box':
    case 'port':
      return { left: item.x, right: item.x + item.width, top: item.y, bottom: item.y + item.height };
    case 'wire':
      return { left: item.x, right: item.x + item.length, top: item.y - 9, bottom: item.y + 9 };
    case 'words':
      return {
        left: item.x,
        right: item.x + textWidth(width(item.text), item.font),
        top: item.y - 11,
        bottom: item.y + 3,
      };
  }
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function overlaps({ items }: Geometry): string[] {
  const all = items.map((item) => [item, rectangleOf(item)] as const);
  return all.flatMap(([item, own], index) =>
    all
      .slice(index + 1)
      .filter(([, other]) => overlap(own, other))
      .map(([other]) => `${JSON.stringify(item)} and ${JSON.stringify(other)}`),
  );
}

const boxesOf = ({ items }: Geometry): Box[] => items.filter((item) => item.item === 'box');
/** Those of controllers and hubs: the samples of the legend have no bus. */
const portsIn = ({ items }: Geometry): Port[] =>
  items.filter((item) => item.item === 'port' && item.bus !== '') as Port[];

const often = { numRuns: runs(400) };

describe('a picture of any VM', () => {
  test('has nothing that covers anything else', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        expect(overlaps(layOut(scene))).toEqual([]);
      }),
      often,
    );
  });

  test('has every device and every hub once, and a box for each that is refused', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const boxes = boxesOf(layOut(scene));
        const devices = scene.topology.controllers.flatMap((one) => one.devices);
        const count = (kind: Box['kind']): number => boxes.filter((box) => box.kind === kind).length;
        const hidden = boxes.filter((box) => box.kind === 'hub' && box.tip === 'hub, not shown by QEMU').length;
        expect(count('controller')).toBe(scene.topology.controllers.length);
        expect(count('device') + count('hub') - hidden).toBe(devices.length);
        expect(count('refused')).toBe(scene.refused.length);
      }),
      often,
    );
  });

  test('has every port once, used or free', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const drawn = portsIn(layOut(scene));
        for (const controller of scene.topology.controllers) {
          const own = drawn.filter(({ bus }) => bus === controller.bus);
          for (const { port, occupant } of portsOf(controller)) {
            const same = own.filter(({ path }) => path === port);
            // two devices that say that they are on one port are drawn both
            const here = controller.devices.filter((device) => device.port === port).length;
            expect(same).toHaveLength(Math.max(1, here));
            if (occupant !== undefined) expect(same[0]?.keep).toBe('used');
          }
        }
      }),
      often,
    );
  });

  test('has no text outside its box, and no item outside the picture', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const picture = layOut(scene);
        for (const box of boxesOf(picture)) {
          for (const { x, y, font, text } of box.lines) {
            expect(x).toBeGreaterThanOrEqual(0);
            expect(x + textWidth(width(text), font)).toBeLessThanOrEqual(box.width);
            expect(y - 10).toBeGreaterThanOrEqual(0);
            expect(y + 3).toBeLessThanOrEqual(box.height);
          }
        }
        for (const port of portsIn(picture)) {
          expect(textWidth(width(port.label), 'small')).toBeLessThanOrEqual(port.width);
        }
        for (const { left, right, top, bottom } of picture.items.map(rectangleOf)) {
          expect(left).toBeGreaterThanOrEqual(0);
          expect(top).toBeGreaterThanOrEqual(0);
          expect(right).toBeLessThanOrEqual(picture.width);
          expect(bottom).toBeLessThanOrEqual(picture.height);
        }
      }),
      often,
    );
  });

  test('shows which free ports are kept, and for whom', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const drawn = portsIn(layOut(scene)).filter(({ keep }) => keep !== 'used');
        const named = ({ bus, path }: Port): string => `${path}@${bus}`;
        const listed = (ports: readonly { bus: string; port: string }[]): Set<string> =>
          new Set(ports.map(({ bus, port }) => `${port}@${bus}`));
        const [fast, absent] = [listed(scene.kept.reserved), listed(scene.kept.kept)];
        for (const port of drawn) {
          expect(port.keep).toBe(absent.has(named(port)) ? 'absent' : fast.has(named(port)) ? 'fast' : 'anyone');
        }
      }),
      often,
    );
  });
});

describe('a picture', () => {
  const scene = (more: Partial<Scene>): Scene => ({
    title: 'bench',
    topology: world([]),
    describe: ({ id }) => ({ name: id ?? '', state: 'there' }),
    kept: { reserved: [], kept: [] },
    isAdded: () => false,
    refused: [],
    ...more,
  });

  test('says in words what is to be seen, for those who can not see it', () => {
    const topology = world([attached({ id: 'a' }), attached({ id: 'b', port: '2', attached: false })]);
    const refused = [{ label: 'disk', native: 'super' as const, why: '5G: no port', fix: undefined }];
    const { title, description } = layOut(
      scene({ topology, refused, describe: ({ id }) => ({ name: '', state: id === 'a' ? 'slower' : 'away' }) }),
    );
    expect(title).toBe('bench');
    expect(description).toBe(
      '1 controller, 2 devices, 1 slower than native, 1 not attached, 1 without a port. No port for disk: 5G: no port.',
    );
  });

  test('of a controller with more ports than fit side by side has them in rows', () => {
    const ports = Array.from({ length: 40 }, (_, index) => ({ port: index + 1, mask: 15 }));
    const picture = layOut(scene({ topology: world([], { ports }) }));
    const rows = new Set(portsIn(picture).map(({ y }) => y));
    expect(portsIn(picture)).toHaveLength(40);
    expect(rows.size).toBe(3);
    expect(overlaps(picture)).toEqual([]);
    // no further to the right than a device goes
    expect(picture.width).toBeLessThan(700);
  });

  test('is of no more than a controller where there is nothing, and of none', () => {
    expect(boxesOf(layOut(scene({})))).toHaveLength(1);
    expect(layOut(scene({ topology: { ...world([]), controllers: [] } })).description).toBe(
      'no USB controllers, 0 devices.',
    );
  });

  test('explains what it has and nothing else', () => {
    const words = (more: Partial<Scene>): string[] =>
      layOut(scene(more)).items.flatMap((item) => (item.item === 'words' ? [item.text] : []));
    expect(words({}).slice(0, -2)).toContain('free');
    expect(words({})).not.toContain('free, kept for fast devices');
    expect(words({ kept: { reserved: [{ bus: 'xhci.0', port: '1' }], kept: [] } })).toContain(
      'free, kept for fast devices',
    );
    expect(words({ topology: world([attached({ megabits: 5000 })]) })).toContain('SuperSpeed');
  });
});

test('as many columns fit as their width says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), (pixels) => {
      const columns = columnsIn(pixels, 'name');
      expect(textWidth(columns, 'name')).toBeLessThanOrEqual(pixels);
      expect(textWidth(columns + 1, 'name')).toBeGreaterThan(pixels);
    }),
  );
});
