import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommandDeclaration, OptionDeclaration, WordDeclaration } from '../../../../src/cli/command.js';
import { COMMANDS } from '../../../../src/cli/commands/index.js';
import { offeredCommands, WITHHELD, watchedCommands } from '../../../../src/cli/serve/offered-commands.js';
import { readRequest } from '../../../../src/cli/serve/read-request.js';
import { commandExamples } from '../../../documents/agent-api-page.js';
import { runs } from '../../runs.js';
import { lineErrors, SCHEMAS } from '../../view/documents/schemas.js';

const OFFERED = new Map(offeredCommands(COMMANDS).map((one) => [one.name, one]));

function read(name: string, words: unknown, options?: unknown): ReturnType<typeof readRequest> {
  const command = OFFERED.get(name);
  if (command === undefined) throw new Error(`there is no ${name}`);
  return readRequest(command, words, options);
}

test('a request gives each word and option to the command, as the command line does', () => {
  const words = { vm: 'bench', selector: ['0781:5567', '1-2.3'] };
  const options = { port: '2', wait: 1.5, live: true, config: false, emulated: ['usb-kbd'] };
  const got = read('attach', words, options);
  if ('wrong' in got) throw new Error(got.wrong);
  const { args } = got;
  expect(args.word('vm')).toBe('bench');
  expect(args.texts('selector')).toEqual(['0781:5567', '1-2.3']);
  expect([args.text('port'), args.number('wait'), args.texts('emulated')]).toEqual(['2', 1.5, ['usb-kbd']]);
  expect(['live', 'config', 'json', 'verbose'].map((one) => args.flag(one))).toEqual([true, false, true, false]);
  expect([args.text('slower'), args.number('timeout'), args.texts('guard-off')]).toEqual([undefined, undefined, []]);
});

describe('what is wrong', () => {
  test.each<[string, unknown, unknown, string]>([
    ['status', undefined, undefined, 'status needs the word "vm": A VM\'s name'],
    ['status', {}, {}, 'status needs the word "vm"'],
    ['status', [], {}, '"words" is not an object'],
    ['status', null, {}, '"words" is not an object'],
    ['status', { vm: 'a' }, 'x', '"options" is not an object'],
    ['status', { vm: 7 }, {}, '"words.vm" is not a text'],
    ['status', { vm: ['a'] }, {}, '"words.vm" is not a text'],
    ['status', { vm: 'a\0b' }, {}, '"words.vm" has a character that no text can have'],
    ['status', { vm: '\ud800' }, {}, '"words.vm" has a character that no text can have'],
    ['status', { vm: 'a', device: 'b' }, {}, 'status has no word "device": it has vm'],
    ['list', { vm: 'a' }, {}, 'list has no word "vm": it has none'],
    ['attach', { vm: 'a', selector: '1-2' }, {}, '"words.selector" is not a list of texts'],
    ['attach', { vm: 'a', selector: [1] }, {}, '"words.selector" is not a list of texts'],
    ['detach', { vm: 'a', device: [] }, {}, 'detach needs the word "device"'],
    ['attach', { vm: 'a' }, { prot: '1' }, 'attach has no option "prot": it has config, live, controller'],
    ['attach', { vm: 'a' }, { json: true }, 'attach has no option "json"'],
    ['attach', { vm: 'a' }, JSON.parse('{"__proto__": {}}'), 'attach has no option "__proto__"'],
    ['attach', { vm: 'a' }, { constructor: 1 }, 'attach has no option "constructor"'],
    ['attach', { vm: 'a' }, { port: 2 }, '"options.port" is not a text'],
    ['attach', { vm: 'a' }, { port: '' }, '"options.port" is empty'],
    ['attach', { vm: 'a' }, { wait: '2' }, '"options.wait" is no number from 0 to 2000000'],
    ['attach', { vm: 'a' }, { wait: -1 }, '"options.wait" is no number'],
    ['attach', { vm: 'a' }, { wait: 1e300 }, '"options.wait" is no number'],
    ['attach', { vm: 'a' }, { wait: null }, '"options.wait" is no number'],
    ['attach', { vm: 'a' }, { live: 1 }, '"options.live" is neither true nor false'],
    ['attach', { vm: 'a' }, { slower: 'perhaps' }, '"options.slower" is none of refuse, allow'],
    ['attach', { vm: 'a' }, { 'guard-off': ['mount', 'what'] }, '"options.guard-off" is none of '],
    ['snapshot', { action: 'eat', vm: 'a' }, {}, '"words.action" is none of save, restore, list, delete'],
    ['run', { file: '/a.yaml' }, {}, 'run needs "options": {"detach": true} on this socket'],
    ['run', { file: '/a.yaml' }, { detach: false }, 'run needs "options": {"detach": true}'],
    ['devices', {}, { watch: true }, 'the option "watch" is not offered on this socket: it stays'],
    ['mend', {}, { after: 'a' }, 'the option "after" is not offered on this socket'],
  ])('%s %j %j', (name, words, options, wrong) => {
    expect(read(name, words, options)).toEqual({ wrong: expect.stringContaining(wrong) });
  });
});

describe('a path', () => {
  const RELATIVE = 'is a relative path';
  test.each<[string, object, object, boolean]>([
    ['status', { vm: 'bench' }, {}, true],
    ['status', { vm: 'bench-1.2' }, {}, true],
    ['status', { vm: '/srv/a.sock' }, {}, true],
    ['status', { vm: './a' }, {}, false],
    ['status', { vm: 'x/a' }, {}, false],
    ['status', { vm: 'a.yaml' }, {}, false],
    ['status', { vm: 'a.JSON' }, {}, false],
    ['status', { vm: 'a.sock' }, {}, false],
    ['status', { vm: 'a' }, { svg: 'a.svg' }, false],
    ['status', { vm: 'a' }, { svg: '-' }, false],
    ['argv', { file: 'bench' }, {}, false],
    ['argv', { file: '/bench' }, { host: '-' }, false],
    ['plan', { vm: 'bench' }, {}, false],
    ['plan', { vm: 'bench' }, { count: '' }, true],
    ['plan', { vm: 'bench', selector: ['pci-0000:00:14.0/2.3'] }, {}, true],
    ['plan', { vm: 'a.yaml', selector: ['1-2'] }, {}, false],
    ['adopt', { socket: 'qmp' }, { name: 'a' }, false],
    ['adopt', { socket: 'guest' }, { forget: true }, true],
    ['adopt', { socket: './guest' }, { forget: true }, false],
    ['migrate', { vm: 'a', uri: 'unix:b' }, {}, false],
    ['migrate', { vm: 'a', uri: 'file:./b' }, {}, false],
    ['migrate', { vm: 'a', uri: 'unix:/b' }, {}, true],
    ['migrate', { vm: 'a', uri: 'tcp:host:1' }, {}, true],
    ['assign', { vm: 'a.yaml', selector: ['1-2'] }, {}, false],
    ['doctor', {}, { binary: 'qemu-system-x86_64' }, true],
    ['doctor', {}, { binary: './qemu' }, false],
    ['qmp', { vm: 'a', command: 'x', arguments: '{"a": "./b"}' }, {}, true],
  ])('%s %j %j: %j', (name, words, options, isTaken) => {
    const got = read(name, words, options);
    if (isTaken) expect(got).toHaveProperty('args');
    else expect(got).toEqual({ wrong: expect.stringContaining(RELATIVE) });
  });

  test('is declared wherever the help speaks of a file, a path or a socket', () => {
    const all = ({
      words,
      options,
    }: CommandDeclaration): (readonly [string, WordDeclaration | OptionDeclaration])[] => [
      ...words.map((one) => [one.name, one] as const),
      ...Object.entries(options),
    ];
    const undeclared = COMMANDS.flatMap((command) =>
      all(command).flatMap(([name, one]) => {
        const argument = 'argument' in one ? one.argument : undefined;
        const speaks =
          ['FILE', 'PATH'].includes(argument ?? '') || /^(A VM file|A VM's name|The path)|PATH/.test(one.describe);
        const isText = !('type' in one) || one.type === 'string';
        return speaks && isText && one.path === undefined ? [`${command.name} ${name}`] : [];
      }),
    );
    expect(undeclared).toEqual([]);
  });
});

describe('what is offered', () => {
  test('is every command but those with a reason', () => {
    const names = [...OFFERED.keys(), ...Object.keys(WITHHELD), 'events'];
    expect(names.sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
    expect(watchedCommands(COMMANDS).map(({ name, words, options }) => [name, words, options])).toEqual([
      ['devices', [], {}],
      ['claims', [], {}],
      ['assignments', [], {}],
    ]);
  });

  test('has a schema for each document', () => {
    for (const { name, documents } of COMMANDS) {
      expect(
        documents.filter((one) => !SCHEMAS.includes(one)),
        name,
      ).toEqual([]);
      if (OFFERED.has(name)) expect(documents, name).not.toEqual([]);
    }
  });
});

test('a request that the schema refuses is refused, and the other way round but for paths', () => {
  const names = [...OFFERED.keys()];
  const text = fc.oneof(
    fc.constantFrom('bench', '/a', './a', '', 'a.yaml', 'save', 'allow', 'low', 'a\0'),
    fc.string(),
  );
  const value = fc.oneof(
    text,
    fc.array(text, { maxLength: 2 }),
    fc.double(),
    fc.boolean(),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const keys = [
    ...new Set(
      [...OFFERED.values()].flatMap(({ words, options }) => [...words.map((one) => one.name), ...Object.keys(options)]),
    ),
  ];
  const members = fc.dictionary(fc.constantFrom(...keys, '__proto__', 'constructor'), value, { maxKeys: 3 });
  const request = fc.record({ do: fc.constantFrom(...names), words: members, options: members });
  fc.assert(
    fc.property(request, (one) => {
      const sent = JSON.parse(JSON.stringify(one)) as typeof one;
      const got = read(sent.do, sent.words, sent.options);
      const errors = lineErrors('agent-request', sent);
      if ('args' in got) expect(errors).toEqual([]);
      else if (!/relative path|no text can have|is empty|needs the word/.test(got.wrong))
        expect(errors).not.toEqual([]);
    }),
    { numRuns: runs(500) },
  );
});

test.each([...commandExamples()])('the example of %s is taken', (name, { words, options }) => {
  expect(read(name, words, options)).toHaveProperty('args');
});
