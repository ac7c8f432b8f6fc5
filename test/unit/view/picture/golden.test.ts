import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordedSysfs } from '../../../../src/host/index.js';
import { plan } from '../../../../src/planner/index.js';
import { type AttachedDevice, type Topology, withHub } from '../../../../src/qdev/index.js';
import { planPicture, statusPicture } from '../../../../src/view/picture/draw.js';
import type { DeviceState, VmStatus } from '../../../../src/vm/index.js';
import { qplug } from '../../cli/fake-terminal.js';
import { recording } from '../../host/recordings.js';
import { device, request, SIX, uhci, vm, xhci } from '../../planner/layouts.js';
import { attached, world } from '../topologies.js';
import { parseStrictXml } from './strict-xml.js';

const ROOT = join(import.meta.dirname, '../../../..');

/** A picture is compared as it is; `npx vitest run --project unit test/unit/view/picture -u` writes those that were changed on purpose. */
async function expectGolden(picture: string, path: string): Promise<void> {
  parseStrictXml(picture);
  await expect(picture).toMatchFileSnapshot(join(ROOT, path));
}

const golden = (name: string): string => `test/golden/pictures/${name}.svg`;

describe('pictures of plans', () => {
  test('docs/picture.svg is what the command makes of docs/picture.yaml', async () => {
    const sysfs = recordedSysfs(recording('six-devices'));
    const words = ['plan', join(ROOT, 'docs/picture.yaml'), '--svg', '-'];
    // no QEMU is found: the newest that is known is planned for
    const { exit, out } = await qplug(words, { sysfs, env: { PATH: '/nowhere', QPLUG_RUNTIME_DIR: '/nowhere' } });
    expect(exit).toBe(0);
    await expectGolden(out, 'docs/picture.svg');
  });

  test('README and docs/planner.md show it', () => {
    for (const page of ['README.md', 'docs/planner.md']) {
      expect(readFileSync(join(ROOT, page), 'utf8')).toMatch(/!\[[^\]]{20,}\]\((docs\/)?picture\.svg\)/);
    }
  });

  test('six devices on four ports, a port kept for a device that is away', async () => {
    const kept = [{ bus: 'legacy.0', port: '2', label: '1-2.3' }];
    await expectGolden(
      planPicture('six', plan(request(vm(xhci('xhci', 4), uhci('legacy')), SIX, { kept }))),
      golden('six'),
    );
  });

  test('nothing at all', async () => {
    await expectGolden(planPicture('empty', plan(request(vm(), []))), golden('empty'));
  });

  test('hubs behind hubs, and what is new in a VM that runs', async () => {
    const chain = ['1', '1.1', '1.1.1', '1.1.1.1'];
    const deep = chain.reduce<Topology>(
      (topology, port) => withHub(topology, 'xhci.0', { id: `hub-${port}`, port, ports: 2 }),
      vm(xhci('xhci', 2, 1)),
    );
    const devices = [
      device('mouse', 'full', { pin: { port: '1.1.1.1.2' } }),
      device('stick', 'high'),
      device('no', 'low'),
    ];
    await expectGolden(planPicture('deep', plan(request(deep, devices))), golden('deep'));
  });
});

describe('pictures of VMs that run', () => {
  test('a device that is slower, stale, detached, hidden, without a port or an id', async () => {
    const states: readonly (readonly [Partial<AttachedDevice>, Partial<DeviceState>])[] = [
      [
        { id: 'disk', driver: 'usb-host', port: '1', megabits: 480 },
        { state: 'slower', native: 'super' },
      ],
      [{ id: 'gone', driver: 'usb-host', port: '2', megabits: 12 }, { state: 'stale' }],
      [{ id: 'away', driver: 'usb-host', port: '3', attached: false, megabits: undefined }, { state: 'detached' }],
      [{ id: 'low', port: '4.2.1', megabits: 1.5, product: '<"name"> & \u202e日本語' }, {}],
      [{ id: undefined, port: undefined, megabits: 10000 }, {}],
    ];
    const devices = states.map(([device]) => attached(device));
    const topology = world(devices);
    const status: VmStatus = {
      vm: './qmp.sock',
      socket: './qmp.sock',
      run: 'running',
      topology,
      devices: states.map(([, state], index) => ({
        device: devices[index]!,
        bus: 'xhci.0',
        ours: false,
        hostDevice: undefined,
        native: undefined,
        state: 'emulated',
        ...state,
      })),
      claims: undefined,
      kept: { reserved: [], kept: [] },
      findings: [],
    };
    await expectGolden(statusPicture(status), golden('status'));
  });
});
