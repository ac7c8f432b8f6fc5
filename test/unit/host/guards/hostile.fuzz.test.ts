import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../seed.js';
import { guardWords } from '../../../../src/diag/index.js';
import { UNSAFE } from '../../diag/unsafe.js';
import { below, deviceAt, disk, guardsAt, mountInfo, running, type Tree, volume } from './host-tree.js';

const H = 'x\u001b[31m\u202ey\u0007z';

/** A host where all that others name has a hostile name. */
const HOSTILE: Tree = {
  ...disk('2-1', 'sda', 2),
  ...volume('dm-0', '253:0', ['sda1'], { 'dm/uuid': 'CRYPT-LUKS2-x\n', 'dm/name': `${H}\n` }),
  '/proc/self/mountinfo': mountInfo(`253:0 /mnt/${H} ext4 /dev/dm-0`),
  '/proc/swaps': 'head\n/dev/sda2 partition 1 0 -2\n',
  '/sys/class/net/usb0': below('2-1', 'net/usb0'),
  [`/sys/class/net/usb0/upper_${H}`]: { link: 'x' },
  '/proc/net/route': `head\n${H}\t00000000\t0\t0003\t0\t0\t0\t00000000\n`,
  '/sys/class/tty/ttyUSB0': below('2-1', 'tty/ttyUSB0'),
  '/sys/class/tty/ttyUSB0/dev': '188:0\n',
  '/sys/class/input/input1': below('2-1', 'input/input1'),
  '/sys/class/input/input1/name': `${H}\n`,
  '/sys/class/input/input1/capabilities/key': 'fffffffffffffffe\n',
  '/run/systemd/seats/seat0': `ACTIVE=${H}\n`,
  [`/run/systemd/sessions/${H}`]: `USER=${H}\n`,
  ...running(5, H, [['/dev/ttyUSB0', 'char 188:0']]),
  ...running(6, `qemu${H}`, [['/dev/bus/usb/002/002', 'char 189:129']], ['qemu', '-name', H]),
};

describe('hostile names', () => {
  test('stay as they are in guards, and are made safe in words', () => {
    const guards = guardsAt(deviceAt('2-1'), HOSTILE);
    expect(guards.map(({ kind }) => kind)).toEqual(['mount', 'swap', 'keyboard', 'route', 'serial', 'in-use']);
    expect(JSON.stringify(guards)).toContain(JSON.stringify(H).slice(1, -1));
    for (const guard of guards) {
      const { subject, breaks, mend = '' } = guardWords(guard);
      expect(`${subject} ${breaks} ${mend}`).not.toMatch(UNSAFE);
    }
  });
});

describe('files of any content', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(
        fc.constantFrom('8:1', '/', '-', '-1', '\\040', '00000000', '0003', 'usb0', '01', ':', 'sda1', '\n', ' ', '\t'),
      )
      .map((words) => words.join(' ')),
  );

  test('end in guards or in none, never in an error or for ever', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(HOSTILE)), noise, { maxKeys: 12 }), (changes) => {
        for (const port of ['2-1', '4-2', 'usb1']) {
          for (const guard of guardsAt(deviceAt(port), HOSTILE, changes)) {
            const { subject, breaks, mend = '' } = guardWords(guard);
            expect(`${subject} ${breaks} ${mend}`).not.toMatch(UNSAFE);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
