import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasClient,
  isLoopback,
  otherEnd,
  parseTcpTable,
  type TcpSocket,
} from '../../../../src/processes/network/tcp-table.js';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n';

/** Both ends of a connection to port 4444 of 127.0.0.1, and the socket that listens there. */
const V4 = `${HEAD}   0: 0100007F:115C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 401 1 0000000000000000 100 0 0 10 0                     
   1: 0100007F:115C 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 402 1 0000000000000000 20 4 30 10 -1                    
   2: 0100007F:D431 0100007F:115C 01 00000000:00000000 00:00000000 00000000     0        0 403 1 0000000000000000 20 4 30 10 -1                    
   3: 0100007F:D430 0100007F:115C 06 00000000:00000000 03:00000C0D 00000000     0        0 0 3 0000000000000000                                      
`;
const V6 = `${HEAD}   0: 0000000000000000FFFF00000100007F:115D 0000000000000000FFFF00000100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 501 1 0000000000000000 20 4 30 10 -1
   1: 00000000000000000000000001000000:115E 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 502 1 0000000000000000 100 0 0 10 0
`;

const ADDRESSES: Readonly<Record<string, string>> = {
  '127.0.0.1': '00000000000000000000ffff7f000001',
  '0.0.0.0': '00000000000000000000ffff00000000',
  '::1': '00000000000000000000000000000001',
  '::': '00000000000000000000000000000000',
};

const place = (address: string, port: number) => ({ address: ADDRESSES[address] ?? '', port });

describe('the list of TCP sockets', () => {
  const sockets = parseTcpTable(V4, 'LE');
  const [listening, served, client] = sockets as [TcpSocket, TcpSocket, TcpSocket];

  test('has their ends, states and inodes', () => {
    const [server, from] = [place('127.0.0.1', 4444), place('127.0.0.1', 54_321)];
    expect(listening).toEqual({ local: server, remote: place('0.0.0.0', 0), state: 'listens', inode: 401 });
    expect(served).toEqual({ local: server, remote: from, state: 'established', inode: 402 });
    expect(client).toEqual({ local: from, remote: server, state: 'established', inode: 403 });
    expect(sockets[3]).toMatchObject({ state: 'other', inode: 0 });
    expect(sockets).toHaveLength(4);
  });

  test('of IPv6 has IPv4, too', () => {
    expect(parseTcpTable(V6, 'LE')).toEqual([
      { local: place('127.0.0.1', 4445), remote: place('127.0.0.1', 54_322), state: 'established', inode: 501 },
      { local: place('::1', 4446), remote: place('::', 0), state: 'listens', inode: 502 },
    ]);
  });

  test('is in the order of the host', () => {
    const big = V4.replaceAll('0100007F', '7F000001');
    expect(parseTcpTable(big, 'BE')).toEqual(sockets);
  });

  test('says which socket is at the other end', () => {
    expect(otherEnd(sockets, client)).toBe(served);
    expect(otherEnd(sockets, served)).toBe(client);
    expect(otherEnd(sockets, listening)).toBeUndefined();
  });

  test('says whether who listens has a client', () => {
    expect(hasClient(sockets, new Set([401, 402]))).toBe(true);
    expect(hasClient(sockets, new Set([401]))).toBe(false);
    // one that is a client itself, or was given the connection alone
    expect(hasClient(sockets, new Set([403]))).toBe(false);
    expect(hasClient(sockets, new Set([402]))).toBe(false);
    expect(hasClient(sockets, new Set([0, 401]))).toBe(false);
  });

  test('says which addresses are of this host only', () => {
    const is = (digits: string): boolean => isLoopback({ address: digits, port: 1 });
    expect(['127.0.0.1', '::1', '::', '0.0.0.0'].map((one) => is(ADDRESSES[one] ?? ''))).toEqual([
      ...[true, true, false, false],
    ]);
    expect(['00000000000000000000ffff7fffffff', '7f000000000000000000000000000001'].map(is)).toEqual([true, false]);
  });

  test('may be anything', () => {
    expect(parseTcpTable('', 'LE')).toEqual([]);
    expect(parseTcpTable(HEAD, 'LE')).toEqual([]);
    expect(parseTcpTable(V4.slice(0, -120), 'LE')).toHaveLength(3);
    fc.assert(fc.property(fc.string(), (text) => parseTcpTable(text, 'LE').length === 0));
  });
});
