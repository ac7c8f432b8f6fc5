import { describe, expect, test } from 'vitest';
import { allPlaced, placeDevices } from '../../../../src/qdev/observe/place.js';
import { Qtree } from '../../../../src/qdev/observe/qtree.js';
import { parseUsbList, productOf } from '../../../../src/qdev/observe/usb-list.js';

const line = (where: string, port: string, speed: number, name: string) =>
  `  Device ${where}, Port ${port}, Speed ${speed} Mb/s, Product ${name}\n`;
const device = (driver: string, requestedPort?: string, id?: string) => ({ driver, requestedPort, id });
const ports = (placed: ReturnType<typeof placeDevices>) => placed.map((bus) => bus.map(({ port }) => port));
const speeds = (placed: ReturnType<typeof placeDevices>) => placed.map((bus) => bus.map(({ megabits }) => megabits));

describe('the text of info usb', () => {
  test('each line is read', () => {
    expect(parseUsbList(line('0.0', '1', 1.5, 'USB Host Device') + line('3.12', '2.10', 5000, 'Disk, ID: d'))).toEqual([
      { bus: 0, address: 0, port: '1', megabits: 1.5, tail: 'USB Host Device' },
      { bus: 3, address: 12, port: '2.10', megabits: 5000, tail: 'Disk, ID: d' },
    ]);
  });

  test.each(['', 'Error: USB support not enabled\r\n', '\n\n', 'Device 0.0, Port 1'])('%j holds no devices', (text) => {
    expect(parseUsbList(text)).toEqual([]);
  });

  test('a name with a newline stays one device, its id behind it', () => {
    const [only, ...more] = parseUsbList(line('0.1', '1', 480, 'Evil\n  Device 9.9, Port 4, ID: x, ID: real'));
    expect(more).toEqual([]);
    expect(productOf(only!, 'real')).toBe('Evil\n  Device 9.9, Port 4, ID: x');
  });

  test('a speed that is none is unknown', () => {
    expect(parseUsbList('  Device 0.0, Port 1, Speed ? Mb/s, Product x\n')[0]?.megabits).toBeUndefined();
  });
});

describe('which line is which device', () => {
  test('an id and a port that was asked for are enough', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-host', '2', 'a'), device('usb-host', '1', 'b')] }],
      parseUsbList(line('0.1', '2', 480, 'A, ID: a') + line('0.2', '1', 5000, 'B, ID: b')),
      undefined,
    );
    expect(placed).toEqual([
      [
        { port: '2', megabits: 480, guestAddress: 1, product: 'A' },
        { port: '1', megabits: 5000, guestAddress: 2, product: 'B' },
      ],
    ]);
    expect(allPlaced(placed)).toBe(true);
  });

  test('a port-less device with id is found by it, one without by elimination', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-kbd', undefined, 'k'), device('usb-mouse')] }],
      parseUsbList(line('0.0', '3', 480, 'Mouse') + line('0.0', '1', 12, 'Kbd, ID: k')),
      undefined,
    );
    expect(ports(placed)).toEqual([['1', '3']]);
  });

  test('two port-less devices without id are not guessed at', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-kbd'), device('usb-kbd')] }],
      parseUsbList(line('0.0', '3', 480, 'Kbd') + line('0.0', '1', 480, 'Kbd')),
      undefined,
    );
    expect(ports(placed)).toEqual([[undefined, undefined]]);
    expect(allPlaced(placed)).toBe(false);
  });

  test('a device that writes the id of another into its name is not taken for it', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-host'), device('usb-kbd', undefined, 'k')] }],
      parseUsbList(line('0.1', '1', 5000, 'Evil, ID: k') + line('0.0', '2', 12, 'Kbd, ID: k')),
      undefined,
    );
    expect(ports(placed)).toEqual([[undefined, undefined]]);
  });

  test('a forged id on another bus does not lend its speed', () => {
    const placed = placeDevices(
      [
        { bus: 'x.0', devices: [device('usb-host', '1')] },
        { bus: 'y.0', devices: [device('usb-kbd', '1', 'k')] },
      ],
      parseUsbList(line('0.1', '1', 5000, 'Evil, ID: k') + line('1.0', '1', 12, 'Kbd, ID: k')),
      undefined,
    );
    expect(ports(placed)).toEqual([['1'], ['1']]);
    expect(speeds(placed)).toEqual([[undefined], [undefined]]);
  });

  test('the number of a bus is found where its devices fit one only', () => {
    const placed = placeDevices(
      [
        { bus: 'x.0', devices: [device('usb-kbd', '1')] },
        { bus: 'y.0', devices: [device('usb-kbd', '1'), device('usb-kbd', '2')] },
      ],
      parseUsbList(line('4.0', '1', 480, 'K') + line('4.0', '2', 480, 'K') + line('7.0', '1', 12, 'K')),
      undefined,
    );
    expect(speeds(placed)).toEqual([[12], [480, 480]]);
  });

  test('a line more than QOM has devices makes the bus unsure, but an id with its port still has its own line', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-kbd', '1', 'k'), device('usb-kbd', '2')] }],
      parseUsbList(line('0.0', '1', 480, 'K, ID: k') + line('0.0', '2', 480, 'K') + line('0.0', '3', 12, 'K')),
      undefined,
    );
    expect(speeds(placed)).toEqual([[480, undefined]]);
  });

  test('the port that was asked for stands, whatever the text says', () => {
    const placed = placeDevices(
      [{ bus: 'x.0', devices: [device('usb-kbd', '1', 'k')] }],
      parseUsbList(line('0.0', '2', 480, 'K, ID: k')),
      undefined,
    );
    expect(placed).toEqual([[{ port: '1', megabits: undefined, product: undefined }]]);
  });
});

describe('the work for a list', () => {
  /** How often a line is looked at while so many devices are placed. */
  function looks(count: number, lineOf: (i: number) => string, seen: (i: number) => ReturnType<typeof device>): number {
    let looked = 0;
    const lines = parseUsbList(Array.from({ length: count }, (_, i) => lineOf(i)).join('')).map(
      (one) =>
        new Proxy(one, {
          get: (target, key) => {
            looked++;
            return Reflect.get(target, key);
          },
        }),
    );
    placeDevices([{ bus: 'x.0', devices: Array.from({ length: count }, (_, i) => seen(i)) }], lines, undefined);
    return looked;
  }

  test.each([
    [
      'with ids',
      (i: number) => line('0.0', `${i + 1}`, 12, `K, ID: k${i}`),
      (i: number) => device('usb-kbd', undefined, `k${i}`),
    ],
    ['with ports', (i: number) => line('0.0', `${i + 1}`, 12, 'K'), (i: number) => device('usb-kbd', `${i + 1}`)],
    ['with neither', (i: number) => line('0.0', `${i + 1}`, 12, 'K'), () => device('usb-kbd')],
    [
      'all of one port',
      (i: number) => line(`${i}.0`, '1', 12, `K, ID: k${i}`),
      (i: number) => device('usb-kbd', '1', `k${i}`),
    ],
    ['all of one id', (i: number) => line('0.0', `${i + 1}`, 12, 'K, ID: k'), () => device('usb-kbd', undefined, 'k')],
  ])('of devices %s grows with their number, not with its square', (_, lineOf, seen) => {
    expect(looks(2000, lineOf, seen)).toBeLessThan(2.2 * looks(1000, lineOf, seen));
  });

  test('of a human text whose buses claim to stand within each other ends', () => {
    const nested = Array.from(
      { length: 400 },
      (_, i) => `${' '.repeat(i * 4)}bus: b${i}\n${' '.repeat(i * 4 + 2)}type usb-bus\n`,
    ).join('');
    const tree = new Qtree(nested);
    const found = Array.from({ length: 400 }, (_, i) => tree.devicesOn(`b${i}`));
    expect([found[0], found.at(-2)]).toEqual([[], undefined]);
  });
});

const dev = (driver: string, id: string, asked: string, place: string) =>
  [`      dev: ${driver}, id "${id}"`, `        port = "${asked}"`, `        serial = ""`, `        ${place}`, ''].join(
    '\n',
  );
const tree = (...devices: string[]) =>
  `bus: main-system-bus\n  type System\n  dev: qemu-xhci, id "x"\n    bus: x.0\n      type usb-bus\n${devices.join('')}  dev: hpet, id ""\n`;

function devicesOn(text: string, bus: string) {
  return new Qtree(text).devicesOn(bus);
}

describe('the text of info qtree', () => {
  test('the devices of a bus are read with their places, and what sits on them is not taken for one', () => {
    const text = tree(
      dev('usb-storage', 's', '2', 'addr 0.0, port 2, speed 5000, name Disk, attached'),
      '        bus: s.0\n          type SCSI\n          dev: scsi-hd, id ""\n',
      dev('usb-kbd', '', '', 'addr 0.0, port 1.4, speed 12, name K, attached'),
    );
    expect(devicesOn(text, 'x.0')).toEqual([
      { driver: 'usb-storage', id: 's', requestedPort: '2', place: { bus: 0, port: '2', megabits: 5000 } },
      { driver: 'usb-kbd', id: '', requestedPort: '', place: { bus: 0, port: '1.4', megabits: 12 } },
    ]);
  });

  test('a bus that is not there, is there twice, or is no USB bus is not read', () => {
    expect(devicesOn(tree(), 'y.0')).toBeUndefined();
    expect(
      devicesOn(tree(dev('usb-host', '', '', 'addr 0.1, port 1, speed 12, name \n  bus: x.0')), 'x.0'),
    ).toBeUndefined();
    expect(devicesOn(tree(), 'main-system-bus')).toBeUndefined();
  });

  const twins = [{ bus: 'x.0', devices: [device('usb-kbd'), device('usb-kbd')] }];
  const list = parseUsbList(line('0.0', '1', 12, 'A') + line('0.0', '2', 480, 'B'));

  test('it tells port-less twins apart: newest first', () => {
    const text = tree(
      dev('usb-kbd', '', '', 'addr 0.0, port 1, speed 12, name A, attached'),
      dev('usb-kbd', '', '', 'addr 0.0, port 2, speed 480, name B, attached'),
    );
    expect(placeDevices(twins, list, text)).toEqual([
      [
        { port: '2', megabits: 480, guestAddress: 0, product: 'B' },
        { port: '1', megabits: 12, guestAddress: 0, product: 'A' },
      ],
    ]);
  });

  const forged = (name: string) => {
    const text = tree(
      dev('usb-kbd', '', '', `addr 0.0, port 1, speed 12, name ${name}, attached`),
      dev('usb-kbd', '', '', 'addr 0.0, port 2, speed 480, name B, attached'),
    );
    return placeDevices(twins, parseUsbList(line('0.0', '1', 12, name) + line('0.0', '2', 480, 'B')), text);
  };

  test('the same text with honest names is believed', () => {
    expect(ports(forged('A'))).toEqual([['2', '1']]);
  });

  test.each([
    ['a device', '\n      dev: usb-kbd, id ""\n'],
    ['the end of the bus', '\n    bus: y.0'],
    ['a place', '\n        addr 0.0, port 2, speed 12, name x'],
    ['nothing much', 'x\ny'],
  ])('a name with a line break that forges %s makes the tree worth nothing', (_, name) => {
    expect(ports(forged(name))).toEqual([[undefined, undefined]]);
  });

  test('a place that info usb does not know is not believed', () => {
    const text = tree(
      dev('usb-kbd', '', '', 'addr 0.0, port 7, speed 12, name A, attached'),
      dev('usb-kbd', '', '', 'addr 0.0, port 2, speed 480, name B, attached'),
    );
    expect(ports(placeDevices(twins, list, text))).toEqual([['2', undefined]]);
  });

  test('it tells the number of a bus that could be either', () => {
    const two = [
      { bus: 'x.0', devices: [device('usb-kbd', '1')] },
      { bus: 'y.0', devices: [device('usb-kbd', '1')] },
    ];
    const lines = parseUsbList(line('3.0', '1', 12, 'A') + line('5.0', '1', 480, 'B'));
    const text = tree(dev('usb-kbd', '', '1', 'addr 5.0, port 1, speed 480, name B, attached'));
    expect(speeds(placeDevices(two, lines, undefined))).toEqual([[undefined], [undefined]]);
    expect(speeds(placeDevices(two, lines, text))).toEqual([[480], [12]]);
  });
});
