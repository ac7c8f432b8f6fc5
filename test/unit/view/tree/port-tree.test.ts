import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portsOf } from '../../../../src/qdev/index.js';
import { type PortNode, portTree } from '../../../../src/view/tree/port-tree.js';
import { runs } from '../../runs.js';
import { anyTopology, attached, world } from '../topologies.js';

const NOTHING = { reserved: [], kept: [] };

function flat(nodes: readonly PortNode[]): PortNode[] {
  return nodes.flatMap((node) => (node.node === 'free' ? [node] : [node, ...flat(node.below)]));
}

function treeOf(...devices: Parameters<typeof world>[0]): PortNode[] {
  return portTree(world(devices).controllers[0]!, NOTHING);
}

describe('the ports of a controller', () => {
  test('whatever QEMU shows, every device and every port is there once', () => {
    fc.assert(
      fc.property(anyTopology, ({ controllers }) => {
        for (const controller of controllers) {
          const nodes = flat(portTree(controller, NOTHING));
          const devices = nodes.flatMap((node) => (node.node === 'device' ? [node.device] : []));
          expect(devices).toHaveLength(controller.devices.length);
          expect(new Set(devices)).toEqual(new Set(controller.devices));
          const ports = nodes.flatMap((node) => (node.node === 'free' ? node.ports : [node.port ?? '']));
          const views = portsOf(controller).map(({ port }) => port);
          for (const port of views) expect(ports).toContain(port);
          const free = nodes.flatMap((node) => (node.node === 'free' ? node.ports : []));
          expect(new Set(free).size).toBe(free.length);
          const used = new Set(nodes.flatMap((node) => (node.node === 'free' ? [] : [node.port])));
          expect(free.filter((port) => used.has(port))).toEqual([]);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('a device behind a hub that nobody saw hangs on its port, which is not free', () => {
    expect(treeOf(attached({ id: 'deep', port: '2.3.1' }))).toMatchObject([
      { node: 'hidden-hub', port: '2', below: [{ node: 'device', port: '2.3.1', device: { id: 'deep' } }] },
      { node: 'free', ports: ['1', '3', '4'] },
    ]);
  });

  test('a second device on a port, and one whose port is not told, are not lost', () => {
    const nodes = treeOf(attached({ id: 'a' }), attached({ id: 'b' }), attached({ id: 'c', port: undefined }));
    const ids = nodes.flatMap((node) => (node.node === 'device' ? [node.device.id] : []));
    expect(ids.sort()).toEqual(['a', 'b', 'c']);
    expect(nodes.at(-2)).toMatchObject({ node: 'device', port: undefined });
  });

  test('free ports are apart by speed and by whom they are kept for', () => {
    const [controller] = world([]).controllers;
    const kept = [
      { bus: 'xhci.0', port: '3', label: 'stick' },
      { bus: 'other.0', port: '1', label: 'no' },
    ];
    const reserved = [
      { bus: 'xhci.0', port: '2' },
      { bus: 'xhci.0', port: '3' },
    ];
    expect(portTree(controller!, { reserved, kept })).toEqual([
      { node: 'free', ports: ['1', '4'], mask: 15, keep: { for: 'anyone' } },
      { node: 'free', ports: ['2'], mask: 15, keep: { for: 'fast' } },
      { node: 'free', ports: ['3'], mask: 15, keep: { for: 'absent', label: 'stick' } },
    ]);
  });
});
