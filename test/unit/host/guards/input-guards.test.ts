import { describe, expect, test } from 'vitest';
import { readInputs } from '../../../../src/host/guards/input-facts.js';
import { readClasses } from '../../../../src/host/guards/kernel-objects.js';
import { below, deviceAt, guardsAt, hostFiles, running, type Tree } from './host-tree.js';

const keyboard = deviceAt('4-2');
const mouse = deviceAt('4-1');

/** Bitmaps as an amd64 kernel writes them. */
const KEYBOARD: Tree = { 'capabilities/key': '1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n' };
const MOUSE: Tree = { 'capabilities/key': '1f0000 0 0 0 0\n', 'capabilities/rel': '903\n' };
const TABLET: Tree = { 'capabilities/key': '70000 0 0 0 0\n', 'capabilities/abs': '3\n', 'capabilities/rel': '100\n' };
const POWER_BUTTON: Tree = { 'capabilities/key': '10000000000000 0\n' };
/** The same mouse where a word has 32 bits. */
const WORDS_OF_32: Tree = { 'capabilities/key': '1f0000 0 0 0 0 0 0 0 0\n', 'capabilities/rel': '903\n' };

function input(id: string, at: Tree[string], what: Tree, name = id, bustype = '0003'): Tree {
  const folder = `/sys/class/input/${id}`;
  return {
    [folder]: at,
    [`${folder}/name`]: `${name}\n`,
    [`${folder}/id/bustype`]: `${bustype}\n`,
    [`${folder}/event${id.slice(5)}/dev`]: `13:${64 + Number(id.slice(5))}\n`,
    ...Object.fromEntries(Object.entries(what).map(([path, entry]) => [`${folder}/${path}`, entry])),
  };
}

const KBD = input('input2', below('4-2', '0003:0627:0001.0002/input/input2'), KEYBOARD, 'QEMU USB Keyboard');
const PTR = input('input1', below('4-1', '0003:0627:0001.0001/input/input1'), MOUSE, 'QEMU USB Mouse');
const SESSION: Tree = {
  '/run/systemd/seats/seat0': 'IS_SEAT0=1\nACTIVE=c2\nSESSIONS=c2\n',
  '/run/systemd/sessions/c2': 'UID=1000\nUSER=ann\nSTATE=active\n',
};
const USE = { by: 'session', session: 'c2', user: 'ann' };

describe('what is a keyboard, and what a pointer', () => {
  const kindOf = (what: Tree, wordBits: 32 | 64 = 64): string => {
    const files = hostFiles(input('input9', below('4-1', 'x/input/input9'), what));
    const [found] = readInputs(files, readClasses(files).input, wordBits);
    return found === undefined ? 'neither' : `${found.keyboard ? 'keyboard' : ''}${found.pointer ? 'pointer' : ''}`;
  };

  test.each([
    ['a keyboard', KEYBOARD, 'keyboard'],
    ['a mouse', MOUSE, 'pointer'],
    ['a tablet', TABLET, 'pointer'],
    ['a power button', POWER_BUTTON, 'neither'],
    ['nothing', {}, 'neither'],
    ['no bitmap at all', { 'capabilities/key': 'x \u001b[31m 99999999999999999999\n' }, 'neither'],
  ] as const)('%s', (_, what, kind) => {
    expect(kindOf(what)).toBe(kind);
  });

  test('words have the length of the kernel, not ours', () => {
    expect(kindOf(WORDS_OF_32, 32)).toBe('pointer');
    expect(kindOf(WORDS_OF_32, 64)).toBe('neither');
  });
});

describe('the only keyboard and the only pointer', () => {
  test('of a seat with a session are kept', () => {
    expect(guardsAt(keyboard, KBD, PTR, SESSION)).toEqual([
      { kind: 'keyboard', input: 'QEMU USB Keyboard', seat: 'seat0', use: USE },
    ]);
    expect(guardsAt(mouse, KBD, PTR, SESSION)).toEqual([
      { kind: 'pointer', input: 'QEMU USB Mouse', seat: 'seat0', use: USE },
    ]);
  });

  test('of a seat that nobody is at are free', () => {
    expect(guardsAt(keyboard, KBD, PTR)).toEqual([]);
    expect(guardsAt(keyboard, KBD, PTR, { '/run/systemd/seats/seat0': 'IS_SEAT0=1\n' })).toEqual([]);
  });

  test('are free where there is another one, of USB or not', () => {
    const ps2 = { link: '../../devices/platform/i8042/serio0/input/input5' };
    expect(guardsAt(keyboard, KBD, PTR, SESSION, input('input5', ps2, KEYBOARD, 'AT', '0011'))).toEqual([]);
  });

  test('another one that a program makes up is none', () => {
    const made = { link: '../../devices/virtual/input/input5' };
    expect(guardsAt(keyboard, KBD, SESSION, input('input5', made, KEYBOARD))).toMatchObject([{ kind: 'keyboard' }]);
    const wireless = input('input5', made, KEYBOARD, 'BLE', '0005');
    expect(guardsAt(keyboard, KBD, SESSION, wireless)).toEqual([]);
  });

  test('another one of another seat is none', () => {
    const other = {
      ...input('input5', below('2-1', 'x/input/input5'), KEYBOARD),
      '/run/udev/data/+input:input5': 'E:ID_SEAT=seat1\n',
    };
    expect(guardsAt(keyboard, KBD, SESSION, other)).toMatchObject([{ kind: 'keyboard', seat: 'seat0' }]);
  });

  test('one device with both is kept for both', () => {
    const both = input('input3', below('4-2', 'x/input/input3'), MOUSE, 'Receiver');
    expect(guardsAt(keyboard, KBD, both, SESSION).map(({ kind }) => kind)).toEqual(['keyboard', 'pointer']);
  });

  test('are kept by a process at a terminal of the kernel, whatever it calls itself', () => {
    const login = { ...running(400, 'a) b 4 5'), '/proc/400/stat': '400 (a) b 4 5) S 1 400 400 1025 -1 4194560 0\n' };
    expect(guardsAt(keyboard, KBD, login)).toMatchObject([
      { kind: 'keyboard', use: { by: 'terminal', terminal: 'tty1', process: { pid: 400 } } },
    ]);
    const ssh = { ...running(400, 'bash'), '/proc/400/stat': '400 (bash) S 1 400 400 34816 -1 0\n' };
    expect(guardsAt(keyboard, KBD, ssh)).toEqual([]);
  });

  test('are kept by a program that reads them, but not by who waits for power keys', () => {
    const event = ['/dev/input/event2', 'char 13:66'] as const;
    expect(guardsAt(keyboard, KBD, running(8, 'systemd-logind', [event]))).toEqual([]);
    expect(guardsAt(keyboard, KBD, running(9, 'kiosk', [event]))).toMatchObject([
      { kind: 'keyboard', use: { by: 'reader', process: { pid: 9, name: 'kiosk' } } },
    ]);
  });
});

describe('a Bluetooth adapter', () => {
  const adapter = { '/sys/class/bluetooth/hci0': below('2-1', 'bluetooth/hci0') };
  const dongle = deviceAt('2-1');

  test('that nothing is connected through is free', () => {
    expect(guardsAt(dongle, adapter, KBD, SESSION)).toEqual([]);
  });

  test('is kept by what sysfs shows below it', () => {
    const hidp = below('2-1', 'bluetooth/hci0/hci0:11/0005:046D:B342.0004/input/input7');
    expect(guardsAt(dongle, adapter, input('input7', hidp, KEYBOARD, 'K380', '0005'))).toEqual([
      { kind: 'bluetooth', adapter: 'hci0', inputs: ['K380'], sure: true },
    ]);
  });

  test('is kept by what nobody can tell from where it comes, if it is the only one', () => {
    const uhid = { link: '../../devices/virtual/misc/uhid/0005:046D:B342.0004/input/input7' };
    const ble = input('input7', uhid, KEYBOARD, 'K380', '0005');
    expect(guardsAt(dongle, adapter, ble)).toEqual([
      { kind: 'bluetooth', adapter: 'hci0', inputs: ['K380'], sure: false },
    ]);
    const second = { '/sys/class/bluetooth/hci1': below('3-1', 'bluetooth/hci1') };
    expect(guardsAt(dongle, adapter, second, ble)).toEqual([]);
  });
});
