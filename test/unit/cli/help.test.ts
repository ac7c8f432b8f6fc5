import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { EXIT_CODES } from '../../../src/cli/exit-codes.js';
import { commandHelp, overview } from '../../../src/cli/help.js';
import { width } from '../../../src/view/text/text-width.js';

const plain = pico.createColors(false);

describe.each(COMMANDS.map((one) => [one.name, one] as const))('help of %s', (_name, command) => {
  const text = commandHelp(command, 80, plain);

  test('shows its examples, words and options', () => {
    for (const [line, purpose] of command.examples) {
      expect(text).toContain(line);
      expect(text).toContain(purpose);
    }
    for (const { name } of command.words) expect(text).toContain(name.toUpperCase());
    for (const name of [...Object.keys(command.options), 'json', 'help']) expect(text).toContain(`--${name}`);
  });

  test('has an example, and one for what each is for', () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line, purpose] of command.examples) {
      expect(line).toMatch(new RegExp(`^qplug ${command.name}\\b`));
      expect(purpose).not.toBe('');
    }
  });

  test.each([80, 120])('fits into %i columns', (columns) => {
    const lines = commandHelp(command, columns, plain).split('\n');
    expect(lines.filter((line) => width(line) > columns)).toEqual([]);
  });

  test('breaks no word in a narrow terminal', () => {
    const words = (help: string): string[] => help.split(/\s+/).filter(Boolean);
    expect(words(commandHelp(command, 30, plain))).toEqual(words(text));
  });

  test('its words that must be there come before those that may be, and several come last', () => {
    const required = command.words.map((one) => one.required);
    expect(required).toEqual([...required].sort((a, b) => Number(b) - Number(a)));
    expect(command.words.slice(0, -1).some((one) => one.many === true)).toBe(false);
  });
});

describe('overview', () => {
  test.each([80, 120])('has every command on one line, in %i columns', (columns) => {
    const lines = overview(COMMANDS, columns, plain).split('\n');
    expect(lines.filter((line) => width(line) > columns)).toEqual([]);
    for (const { name, brief } of COMMANDS) {
      expect(lines.filter((line) => line.startsWith(`  ${name} `) && line.endsWith(brief))).toHaveLength(1);
    }
  });

  test('has every exit code', () => {
    const text = overview(COMMANDS, 80, plain);
    for (const code of Object.values(EXIT_CODES)) expect(text).toMatch(new RegExp(`^ {2}${code} `, 'm'));
  });

  test('is the same with colours, but for the colours', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with an escape character
    const bare = overview(COMMANDS, 80, pico.createColors(true)).replaceAll(/\u001b\[\d+m/g, '');
    expect(bare).toBe(overview(COMMANDS, 80, plain));
  });
});
