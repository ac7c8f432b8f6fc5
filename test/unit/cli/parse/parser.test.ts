import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../../src/cli/commands/index.js';
import { type Parsed, parseCommandLine } from '../../../../src/cli/parse/parser.js';
import { describe as inWords, kindOf, QplugError } from '../../../../src/diag/index.js';
import { runs } from '../../runs.js';

function parse(line: string): Parsed {
  return parseCommandLine(line === '' ? [] : line.split(' '), COMMANDS);
}

function parsed(line: string): Extract<Parsed, { parsed: 'command' }> {
  const found = parse(line);
  expect(found.parsed).toBe('command');
  return found as Extract<Parsed, { parsed: 'command' }>;
}

function complaint(words: string | readonly string[]): QplugError {
  try {
    parseCommandLine(typeof words === 'string' ? words.split(' ').filter(Boolean) : words, COMMANDS);
  } catch (error) {
    return error as QplugError;
  }
  throw new Error('nothing was wrong');
}

describe('words and options of each command', () => {
  test.each([
    ['devices', { selector: [] }],
    ['ls 1-2', { selector: ['1-2'] }],
    ['devices 1-2.3 class=08', { selector: ['1-2.3', 'class=08'] }],
    ['plan bench.yaml', { vm: ['bench.yaml'], selector: [] }],
    ['plan bench 0781:5567', { vm: ['bench'], selector: ['0781:5567'] }],
    ['argv bench.yaml', { file: ['bench.yaml'] }],
    ['run bench.yaml', { file: ['bench.yaml'] }],
    ['list', {}],
    ['status ./qmp.sock', { vm: ['./qmp.sock'] }],
    ['attach bench 1-2 @1.5', { vm: ['bench'], selector: ['1-2', '@1.5'] }],
    ['attach bench --emulated usb-kbd --emulated=usb-mouse', { vm: ['bench'], emulated: ['usb-kbd', 'usb-mouse'] }],
    ['detach bench 1-2 qplug-x', { vm: ['bench'], device: ['1-2', 'qplug-x'] }],
    ['shutdown bench', { vm: ['bench'] }],
    ['kill bench', { vm: ['bench'] }],
    ['doctor', {}],
    ['qmp bench stop', { vm: ['bench'], command: ['stop'], arguments: [] }],
    ['qmp bench qom-list {"path":"/"}', { arguments: ['{"path":"/"}'] }],
  ])('`%s` gives its words', (line, words) => {
    const { args } = parsed(line);
    expect(Object.fromEntries(Object.keys(words).map((name) => [name, args.texts(name)]))).toEqual(words);
  });

  test.each(COMMANDS.map((one) => [one.name, one]))('every example of %s parses', (_name, command) => {
    for (const [line] of command.examples) {
      const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
      expect(words[0]).toBe('qplug');
      expect(parseCommandLine(words.slice(1), COMMANDS)).toMatchObject({ parsed: 'command', command });
    }
  });

  test('options stand before the command, between words, and joined with =', () => {
    const { args } = parsed('--json --timeout 5 attach bench --port=2.3 1-2 --slower allow -v --wait 0.5');
    expect(args.flag('json')).toBe(true);
    expect(args.flag('verbose')).toBe(true);
    expect(args.number('timeout')).toBe(5);
    expect(args.number('wait')).toBe(0.5);
    expect(args.text('port')).toBe('2.3');
    expect(args.text('slower')).toBe('allow');
    expect(args.text('controller')).toBeUndefined();
    expect(args.number('grow')).toBeUndefined();
    expect(args.flag('help')).toBe(false);
    expect(args.texts('selector')).toEqual(['1-2']);
  });

  test('a lone - is a value, and stands for stdout; where no option wants a value it is a word', () => {
    expect(parsed('plan bench.yaml --svg -').args.text('svg')).toBe('-');
    expect(parsed('--svg - plan bench.yaml --offline').args.word('vm')).toBe('bench.yaml');
    expect(parsed('plan bench.yaml --offline -').args.texts('selector')).toEqual(['-']);
    expect(parsed('plan bench.yaml -- --svg -').args.texts('selector')).toEqual(['--svg', '-']);
  });

  test('what follows -- is a word, whatever it looks like', () => {
    expect(parsed('attach bench -- --json').args.texts('selector')).toEqual(['--json']);
    expect(parsed('attach bench -- --json').args.flag('json')).toBe(false);
  });

  test('an option that is given twice counts as it was given last', () => {
    expect(parsed('attach bench 1-2 --port 1 --port 2').args.text('port')).toBe('2');
  });

  test('an empty word is a word', () => {
    const found = parseCommandLine(['attach', 'bench', ''], COMMANDS);
    expect((found as Extract<Parsed, { parsed: 'command' }>).args.texts('selector')).toEqual(['']);
  });

  test('no option takes a value in one command and none in another', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { options } of COMMANDS) {
      for (const [name, { type, short }] of Object.entries(options)) {
        const kind = `${type === 'boolean'} ${short}`;
        kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
      }
    }
    expect([...kinds].filter(([, set]) => set.size > 1)).toEqual([]);
  });
});

describe('help and version', () => {
  test.each([
    ['--help', undefined],
    ['-h', undefined],
    ['help', undefined],
    ['attach --help', 'attach'],
    ['attach bench --nonsense -h', 'attach'],
    ['help attach', 'attach'],
    ['help ls', 'devices'],
  ])('`%s` asks for help', (line, name) => {
    const found = parse(line);
    expect(found.parsed).toBe('help');
    expect((found as Extract<Parsed, { parsed: 'help' }>).command?.name).toBe(name);
  });

  test('--version asks for the version', () => {
    expect(parse('--version')).toEqual({ parsed: 'version' });
  });
});

describe('wrong usage', () => {
  test.each([
    ['', 'command-missing', 'qplug --help'],
    ['--json', 'command-missing', 'qplug --help'],
    ['--foo', 'option-unknown', 'qplug --help'],
    ['atach bench 1-2', 'command-unknown', 'qplug attach bench 1-2'],
    ['--json statsu bench', 'command-unknown', 'qplug --json status bench'],
    ['frobnicate', 'command-unknown', 'qplug --help'],
    ['help frobnicate', 'command-unknown', 'qplug --help'],
    ['attach bench 1-2 --prot 3', 'option-unknown', 'qplug attach bench 1-2 --port 3'],
    ['attach bench 1-2 --prot=3', 'option-unknown', 'qplug attach bench 1-2 --port=3'],
    ['status bench --jsn', 'option-unknown', 'qplug status bench --json'],
    ['attach bench --tree', 'option-unknown', 'qplug attach --help'],
    ['list --version', 'option-unknown', 'qplug list --help'],
    ['list -x', 'option-unknown', 'qplug list --help'],
    ['attach bench 1-2 --port', 'option-needs-value', 'qplug attach --help'],
    ['attach bench 1-2 --port --json', 'option-needs-value', 'qplug attach --help'],
    ['attach bench 1-2 --port=', 'option-needs-value', 'qplug attach --help'],
    ['attach bench 1-2 --wait soon', 'option-not-a-number', 'qplug attach --help'],
    ['attach bench 1-2 --wait=-1', 'option-not-a-number', 'qplug attach --help'],
    ['attach bench 1-2 --wait 1e3', 'option-not-a-number', 'qplug attach --help'],
    ['attach bench 1-2 --wait Infinity', 'option-not-a-number', 'qplug attach --help'],
    ['attach bench 1-2 --timeout 2147484', 'option-not-a-number', 'qplug attach --help'],
    ['attach bench 1-2 --slower alow', 'option-not-a-choice', '--slower allow'],
    ['attach bench 1-2 --grow everything', 'option-not-a-choice', undefined],
    ['attach', 'word-missing', 'qplug attach --help'],
    ['detach bench', 'word-missing', 'qplug detach --help'],
    ['qmp bench', 'word-missing', 'qplug qmp --help'],
    ['argv a.yaml b.yaml', 'words-too-many', 'qplug argv --help'],
    ['list bench', 'words-too-many', 'qplug list --help'],
  ])('`qplug %s` is %s, with a fix', (line, code, fix) => {
    const error = complaint(line);
    expect(error).toBeInstanceOf(QplugError);
    expect(error.code).toBe(code);
    expect(kindOf(error.code)).toBe('usage');
    expect(inWords(error.findings[0]).fix).toBe(fix);
  });

  test('says what is missing in the words of people', () => {
    expect(complaint('attach').message).toBe(
      "qplug attach needs a VM: a VM's name, its file, the path of a QMP socket (anything with a /), tcp:HOST:PORT, pid:PID or container:NAME; " +
        'for example: qplug attach bench 0781:5567',
    );
    expect(complaint('attach b x --prt 1').message).toBe('qplug attach has no option "--prt": did you mean --port?');
    expect(complaint('attach b --tree').message).toBe(
      'qplug attach has no option "--tree": it is an option of devices',
    );
  });

  test('all wrong options are told at once', () => {
    const codes = complaint('attach --prt 1 --wait x --slower perhaps').findings.map(({ code }) => code);
    expect(codes).toEqual(['option-unknown', 'option-not-a-number', 'option-not-a-choice']);
  });

  test('a line to retype is quoted for a shell, and left out when it can not be printed', () => {
    expect(inWords(complaint(['atach', 'b', "it's $HOME"]).findings[0]).fix).toBe(`qplug attach b 'it'\\''s $HOME'`);
    expect(inWords(complaint(['atach', 'b', 'a\u001b[2Jb']).findings[0]).fix).toBe('qplug --help');
  });

  test('any words at all are a command, help, or a usage error, and no control character gets out', () => {
    const names = COMMANDS.flatMap(({ name, options }) => [name, ...Object.keys(options).map((one) => `--${one}`)]);
    const word = fc.oneof(
      fc.constantFrom(
        ...names,
        '-v',
        '-dv',
        '--',
        '-',
        '',
        '__proto__',
        '--__proto__',
        '--constructor=1',
        '--toString',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        let told = '';
        try {
          parseCommandLine(words, COMMANDS);
        } catch (error) {
          expect(error).toBeInstanceOf(QplugError);
          const { findings, kind } = error as QplugError;
          expect(kind).toBe('usage');
          told = findings.map((one) => Object.values(inWords(one)).join(' ')).join(' ');
        }
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
        expect(told).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
      { numRuns: runs(500) },
    );
  });
});
