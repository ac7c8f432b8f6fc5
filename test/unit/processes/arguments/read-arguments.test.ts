import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../../src/processes/arguments/index.js';
import { readConfig } from '../../../../src/processes/arguments/read-config.js';
import { isOn, readProperties } from '../../../../src/processes/arguments/read-properties.js';
import { runs } from '../../runs.js';

/** The meaning of each form is checked with real QEMUs: test/qemu/processes. Here is what they refuse, or what nobody can start. */

const read = (...words: string[]) => readArguments(['qemu', ...words], () => undefined);
const placesOf = (...words: string[]) => read('-nodefaults', ...words).monitors.map(({ place }) => place);

describe('properties', () => {
  test.each([
    ['socket,id=c,path=a,,b,server', 'backend', { backend: 'socket', id: 'c', path: 'a,b', server: 'on' }],
    ['a,,b,,,c=d', 'first', { first: 'a,b,', c: 'd' }],
    ['nowait,noserver', undefined, { wait: 'off', server: 'off' }],
    ['id=a,id=b,x=1,x=2', undefined, { id: 'a', x: '2' }],
    ['', 'first', {}],
    [',,,', 'first', { first: ',', '': 'on' }],
    ['=', undefined, { '': '' }],
  ])('%s', (text, implied, expected) => {
    const properties = readProperties(text, implied);
    // QEMU refuses an empty name: what becomes of it does not matter
    properties.delete('');
    const { '': _empty, ...named } = expected as Record<string, string>;
    expect(Object.fromEntries(properties)).toEqual(named);
  });

  test.each([
    ['on', true],
    ['y', true],
    ['off', false],
    ['no', false],
    ['maybe', true],
    ['', true],
  ])('the flag %s', (value, expected) => {
    expect(isOn(new Map([['flag', value]]), 'flag', true)).toBe(expected);
    if (['maybe', ''].includes(value)) expect(isOn(new Map([['flag', value]]), 'flag', false)).toBe(false);
  });
});

describe('places that arguments do not tell', () => {
  test.each([
    ['tcp:[::1]:4444,server', { kind: 'other', what: 'tcp:[::1]:4444' }],
    ['tcp:localhost:gopher,server', { kind: 'other', what: 'tcp:localhost:gopher' }],
    ['tcp:localhost:70000,server', { kind: 'other', what: 'tcp:localhost:70000' }],
    ['tcp:localhost:0,server', { kind: 'other', what: 'tcp:localhost:0' }],
    ['websocket:localhost:4444,server', { kind: 'other', what: 'websocket:localhost:4444' }],
    ['unix:a,telnet=on,server', { kind: 'other', what: 'telnet:a' }],
    ['unix:,server=on', { kind: 'other', what: 'unix:' }],
    ['/dev/ttyS0', { kind: 'other', what: 'serial:/dev/ttyS0' }],
    ['pipe:/tmp/p', { kind: 'other', what: 'pipe:/tmp/p' }],
    ['udp:1.2.3.4:5@:6', { kind: 'other', what: 'udp:1.2.3.4:5@:6' }],
    ['con:', { kind: 'other', what: 'console' }],
    ['vc:80Cx24C', { kind: 'other', what: 'vc' }],
    ['chardev:missing', { kind: 'other', what: 'chardev:missing' }],
  ])('%s', (text, place) => {
    expect(placesOf('-qmp', text)).toEqual([place]);
  });

  test('tls, and descriptors by name', () => {
    expect(placesOf('-chardev', 'socket,id=c,host=h,port=1,server,tls-creds=t', '-mon', 'c')).toEqual([
      { kind: 'other', what: 'tls:h:1' },
    ]);
    expect(placesOf('-chardev', 'socket,id=c,fd=monfd,server', '-mon', 'c')).toEqual([
      { kind: 'other', what: 'fd:monfd' },
    ]);
  });

  test('a relative path of a daemon, which has left its folder', () => {
    const words = ['-qmp', 'unix:a.sock,server', '-qmp', 'unix:/b.sock,server'];
    expect(placesOf(...words, '-daemonize')).toEqual([
      { kind: 'other', what: 'unix:a.sock' },
      { kind: 'unix', path: '/b.sock', listens: true },
    ]);
  });
});

test('what QEMU refuses is no monitor', () => {
  expect(placesOf('-qmp', 'none', '-qmp', 'bogus:1', '-qmp', 'tcp:nowhere', '-mon', 'mode=control')).toEqual([]);
  expect(placesOf('-mon', '{"chardev":"n","mode":"control"}')).toHaveLength(1);
  expect(placesOf('-chardev', 'null,id=n', '-mon', 'n,mode=shouted')).toEqual([]);
  expect(read('-qmp')).toMatchObject({ monitors: [{ place: { what: 'vc' } }] });
});

test('an option without argument takes no word, any other one does', () => {
  expect(read('-nodefaults', '-S', '-snapshot', 'disk.img', '-name', 'a', '--enable-kvm', '-M', 'pc')).toEqual({
    name: 'a',
    machine: 'pc',
    monitors: [],
  });
  expect(read('-append', '-name', '-nodefaults').name).toBe(undefined);
  expect(read('constructor', '-constructor', '-name', '-__proto__', 'x', '-name', 'b').name).toBe('b');
});

test('a config file: a group needs no id, and a line that QEMU refuses is skipped', () => {
  expect(
    readConfig(' [x]\n[mon]\n chardev = "a,b"\nchardev="c"\n# [no]\n[chardev "id"]\n  path = ""\nnonsense').map(
      ({ group, id, properties }) => [group, id, Object.fromEntries(properties)],
    ),
  ).toEqual([
    ['mon', undefined, { chardev: 'a,b' }],
    ['chardev', 'id', { path: '' }],
  ]);
});

test('the number of monitors and of files is bounded', () => {
  const many = Array.from({ length: 5000 }, () => ['-qmp', 'null']).flat();
  expect(read(...many).monitors).toHaveLength(64);
  let reads = 0;
  readArguments(['qemu', ...Array.from({ length: 100 }, () => ['-readconfig', 'f']).flat()], () => {
    reads++;
    return undefined;
  });
  expect(reads).toBe(16);
});

test('any words are read, in time that grows with their length alone', () => {
  const piece = fc.constantFrom(
    ...['-qmp', '-mon', '-chardev', '-monitor', '-name', '-M', '-set', '-readconfig', '-serial', '--', '-'],
    ...[
      'socket,id=c,',
      'path=',
      'unix:',
      'tcp::',
      'mon:',
      'chardev:',
      'chardev.c.path=',
      ',',
      ',,',
      '=',
      'c',
      '\n',
      '',
    ],
  );
  const word = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
  const any = fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 12 });
  fc.assert(
    fc.property(any, fc.string({ unit: 'binary' }), (words, config) => {
      const { monitors } = readArguments(words, () => config);
      for (const { protocol, place } of monitors) {
        expect(['qmp', 'hmp']).toContain(protocol);
        if (place.kind === 'tcp') expect(place.port).toBeGreaterThan(0);
        if (place.kind === 'unix') expect(place.path).not.toBe('');
      }
    }),
    { numRuns: runs(1000) },
  );
  const socket = `unix:/${'a'.repeat(200)},server`;
  expect(placesOf('-qmp', socket)).toEqual([{ kind: 'other', what: socket.replace(',server', '') }]);
  const long = ','.repeat(500_000);
  expect(
    read('-chardev', `socket,id=c,path=${long}`, '-name', long, '-set', `chardev.c.path=${long}`).monitors,
  ).toHaveLength(1);
});
