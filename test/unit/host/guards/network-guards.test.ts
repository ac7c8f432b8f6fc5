import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../seed.js';
import { addressWords, sameBits, tableAddress } from '../../../../src/host/guards/ip-address.js';
import { below, deviceAt, guardsAt, running, type Tree } from './host-tree.js';

const adapter = deviceAt('2-1');

/** `usb0` of the adapter, and `eth0`, which is not of USB. */
const LINKS: Tree = {
  '/sys/class/net/usb0': below('2-1', 'net/usb0'),
  '/sys/class/net/usb0/mtu': '1500\n',
  '/sys/class/net/eth0': { link: '../../devices/pci0000:00/0000:00:1f.6/net/eth0' },
};

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';

/** An address as a kernel of this machine's byte order writes it. */
function word(address: string): string {
  const bytes = Uint8Array.from(address.split('.').map(Number));
  return new Uint32Array(bytes.buffer)[0]?.toString(16).toUpperCase().padStart(8, '0') as string;
}

/** @param routes - `usb0 0.0.0.0 0.0.0.0 100`: interface, destination, mask, metric; `down` or `reject` after it */
function routes(...all: readonly string[]): Tree {
  const flags = { down: '0002', reject: '0201', up: '0003' };
  const lines = all.map((route) => {
    const [name, to = '', mask = '', metric, how = 'up'] = route.split(' ');
    return `${name}\t${word(to)}\t00000000\t${flags[how as keyof typeof flags]}\t0\t0\t${metric}\t${word(mask)}\t0\t0\t0\n`;
  });
  return { '/proc/net/route': HEAD + lines.join('') };
}

const DEFAULT = '0.0.0.0 0.0.0.0';
const guards = (...trees: readonly Tree[]) => guardsAt(adapter, LINKS, ...trees);

describe('a network adapter', () => {
  test('that carries nothing is free', () => {
    expect(guards(routes(`eth0 ${DEFAULT} 100`, 'usb0 192.168.7.0 255.255.255.0 0'))).toEqual([]);
  });

  test('is kept by the default route', () => {
    expect(guards(routes(`usb0 ${DEFAULT} 100`))).toEqual([
      { kind: 'route', interface: 'usb0', through: [], families: ['IPv4'] },
    ]);
  });

  test('is kept by the default route of IPv6', () => {
    const zero = '0'.repeat(32);
    const line = (name: string, metric: string, flags: string) =>
      `${zero} 00 ${zero} 00 ${zero} ${metric} 00000001 00000000 ${flags} ${name}\n`;
    const route = { '/proc/net/ipv6_route': line('usb0', '00000400', '00000003') + line('lo', 'ffffffff', '00200200') };
    expect(guards(route)).toMatchObject([{ kind: 'route', families: ['IPv6'] }]);
    expect(guards(route, routes(`usb0 ${DEFAULT} 0`))).toMatchObject([{ families: ['IPv4', 'IPv6'] }]);
    expect(guards({ '/proc/net/ipv6_route': line('usb0', '00000400', '00000201') })).toEqual([]);
  });

  test('is free where another default route comes first, or its own does not work', () => {
    expect(guards(routes(`usb0 ${DEFAULT} 700`, `eth0 ${DEFAULT} 100`))).toEqual([]);
    expect(guards(routes(`usb0 ${DEFAULT} 100 reject`))).toEqual([]);
    expect(guards(routes(`usb0 ${DEFAULT} 100 down`))).toEqual([]);
    expect(guards(routes(`usb0 ${DEFAULT} 100`, `eth0 ${DEFAULT} 100`))).toMatchObject([{ kind: 'route' }]);
  });

  test('is kept by the default route of a bridge on a VLAN on it', () => {
    const stacked = {
      '/sys/class/net/usb0/upper_usb0.5': { link: '../usb0.5' },
      '/sys/class/net/usb0.5/upper_br0': { link: '../br0' },
      '/sys/class/net/br0/upper_usb0': { link: '../usb0' },
      ...routes(`br0 ${DEFAULT} 0`),
    };
    expect(guards(stacked)).toEqual([{ kind: 'route', interface: 'usb0', through: ['br0'], families: ['IPv4'] }]);
  });
});

describe('sessions of SSH', () => {
  const end = (address: string, port: number) => `${word(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tcp = (...lines: readonly string[]): Tree => ({
    '/proc/net/tcp': `  sl  local_address rem_address   st …\n${lines.join('')}`,
  });
  const line = (local: string, remote: string, state: '01' | '0A' | '06', inode = 0) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 x 100 0\n`;
  const listening = (port: number) => line(end('0.0.0.0', port), end('0.0.0.0', 0), '0A');
  const net = routes('usb0 192.168.7.0 255.255.255.0 0', `eth0 ${DEFAULT} 100`);
  const PEER = { kind: 'ssh', interface: 'usb0', through: [], peers: ['192.168.7.2 port 50122'] };

  test('that came through it keep it', () => {
    const session = line(end('192.168.7.1', 22), end('192.168.7.2', 50122), '01', 77);
    expect(guards(net, tcp(listening(22), session))).toEqual([PEER]);
  });

  test('outlive the server that listened', () => {
    expect(guards(net, tcp(line(end('192.168.7.1', 22), end('192.168.7.2', 50122), '01', 77)))).toEqual([PEER]);
  });

  test('of a server at another port are known by whose they are', () => {
    const session = tcp(listening(2222), line(end('192.168.7.1', 2222), end('192.168.7.2', 50122), '01', 77));
    expect(guards(net, session, running(31, 'sshd-session', ['socket:[77]']))).toEqual([PEER]);
    expect(guards(net, session, running(31, 'nginx', ['socket:[77]']))).toEqual([]);
    expect(guards(net, session)).toEqual([]);
  });

  test('that end, go out, come another way, or from here do not', () => {
    expect(guards(net, tcp(listening(22), line(end('192.168.7.1', 22), end('192.168.7.2', 5), '06')))).toEqual([]);
    expect(guards(net, tcp(line(end('192.168.7.1', 40000), end('192.168.7.2', 22), '01')))).toEqual([]);
    expect(guards(net, tcp(listening(22), line(end('10.0.0.1', 22), end('10.0.0.9', 5), '01')))).toEqual([]);
    expect(guards(net, tcp(listening(22), line(end('192.168.7.1', 22), end('192.168.7.1', 5), '01')))).toEqual([]);
  });

  test('of IPv4 stand in the table of IPv6 where the server listens to both', () => {
    const mapped = (address: string, port: number) =>
      `0000000000000000${word('0.0.255.255')}${word(address)}:${port.toString(16).padStart(4, '0')}`;
    const table = { '/proc/net/tcp6': `head\n${line(mapped('192.168.7.1', 22), mapped('192.168.7.2', 50122), '01')}` };
    expect(guards(net, table)).toEqual([PEER]);
  });
});

describe('addresses', () => {
  test('are read in either byte order', () => {
    expect(tableAddress('0107A8C0', true)).toEqual([192, 168, 7, 1]);
    expect(tableAddress('C0A80701', false)).toEqual([192, 168, 7, 1]);
    expect(tableAddress('B80D0120000000000000000007000000', true)?.slice(0, 4)).toEqual([0x20, 0x01, 0x0d, 0xb8]);
    for (const digits of ['', '0107A8', 'x107A8C0', '0107A8C000']) expect(tableAddress(digits)).toBeUndefined();
  });

  test.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000000000000007', '2001:db8::7'],
    ['20010db8000000010000000000000000', '2001:db8:0:1::'],
    ['fe800000000000000123456789abcdef', 'fe80::123:4567:89ab:cdef'],
    ['20010db8000000010002000300040005', '2001:db8:0:1:2:3:4:5'],
    ['00010000000000020000000000000003', '1:0:0:2::3'],
  ])('%s is written %s', (hex, words) => {
    expect(addressWords([...Buffer.from(hex, 'hex')])).toBe(words);
  });

  test('have the same first bits, or not', () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const bits = (all: Uint8Array) => [...all].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        const same = bits(a).slice(0, length) === bits(b).slice(0, length);
        expect(sameBits([...a], [...b], length)).toBe(same);
      }),
    );
  });

  test('of different families have none', () => {
    expect(
      sameBits(
        [0, 0, 0, 0],
        Array.from({ length: 16 }, () => 0),
        0,
      ),
    ).toBe(false);
  });
});
