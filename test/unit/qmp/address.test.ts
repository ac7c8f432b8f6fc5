import { expect, it } from 'vitest';
import { parseTcpAddress } from '../../../src/base/index.js';
import { formatAddress, parseAddress, type QmpAddress } from '../../../src/qmp/address.js';

it.each<[string, QmpAddress]>([
  ['tcp:127.0.0.1:4444', { host: '127.0.0.1', port: 4444 }],
  ['tcp:[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ['pid:77/tcp:localhost:65535', { host: 'localhost', port: 65_535, network: 77 }],
  ['/run/vm.qmp', { path: '/run/vm.qmp' }],
  ['./vm.qmp', { path: './vm.qmp' }],
])('reads what it writes: %s', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(text);
});

it.each(['tcp:h', 'tcp:h:0', 'pid:0/tcp:h:1', 'pid:07/tcp:h:1', 'tcp:a\tb:1', 'xtcp:h:1'])(
  'takes %s for no port',
  (text) => {
    expect(parseTcpAddress(text)).toBeUndefined();
  },
);
