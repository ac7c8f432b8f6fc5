import { describe, expect, test } from 'vitest';
import { emptyTopology, predictControllers, type Topology, withDevice, withHub } from '../../../../src/qdev/index.js';
import { differences } from '../../../../src/vm/transaction/verify.js';

const EXPECTED = [
  { id: 'h', label: 'hub h', bus: 'x.0', port: '2', megabits: 12 },
  { id: 'd', label: 'the disk', bus: 'x.0', port: '1', megabits: 5000 },
];

const EMPTY: Topology = {
  ...emptyTopology({ major: 7, minor: 2, micro: 0 }),
  controllers: [
    ...predictControllers([{ id: 'x', model: 'qemu-xhci', p2: 4, p3: 4 }]),
    ...predictControllers([{ id: 'y', model: 'qemu-xhci', p2: 4, p3: 4 }]),
  ],
};
const DISK = { id: 'd', driver: 'usb-host', port: '1', megabits: 5000 };
const HUB = { id: 'h', port: '2', ports: 8 };
const GOOD = withHub(withDevice(EMPTY, 'x.0', DISK), 'x.0', HUB);

describe('what QEMU shows against the plan', () => {
  test('as planned: nothing to say', () => {
    expect(differences(EXPECTED, GOOD)).toEqual([]);
  });

  test.each([
    ['slower', withHub(withDevice(EMPTY, 'x.0', { ...DISK, megabits: 480 }), 'x.0', HUB)],
    ['not attached', withHub(withDevice(EMPTY, 'x.0', { ...DISK, attached: false }), 'x.0', HUB)],
    ['of no known speed', withHub(withDevice(EMPTY, 'x.0', { ...DISK, megabits: undefined }), 'x.0', HUB)],
    ['on another port', withHub(withDevice(EMPTY, 'x.0', { ...DISK, port: '3' }), 'x.0', HUB)],
    ['on a port that is not told', withHub(withDevice(EMPTY, 'x.0', { ...DISK, port: undefined }), 'x.0', HUB)],
    ['on another bus', withHub(withDevice(EMPTY, 'y.0', DISK), 'x.0', HUB)],
    ['not there', withHub(EMPTY, 'x.0', HUB)],
  ])('a device that is %s is an honest difference', (_, actual) => {
    expect(differences(EXPECTED, actual)).toMatchObject([
      { code: 'placed-otherwise', evidence: { label: 'the disk' } },
    ]);
  });

  test('a hub that is missing is one too, and the evidence says what was found', () => {
    const found = differences(EXPECTED, withDevice(EMPTY, 'x.0', DISK));
    expect(found).toMatchObject([
      { evidence: { label: 'hub h', planned: { bus: 'x.0', port: '2', megabits: 12 }, actual: undefined } },
    ]);
  });
});
