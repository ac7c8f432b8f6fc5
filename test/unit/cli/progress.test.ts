import pico from 'picocolors';
import sinon from 'sinon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Progress } from '../../../src/cli/progress.js';
import { fakeTerminal } from './fake-terminal.js';

let clock: sinon.SinonFakeTimers;
beforeEach(() => {
  clock = sinon.useFakeTimers();
});
afterEach(() => clock.restore());

test('a quick operation is silent', () => {
  const terminal = fakeTerminal();
  const progress = new Progress(terminal, false);
  progress.tell('one');
  clock.tick(999);
  progress[Symbol.dispose]();
  clock.tick(10_000);
  expect(terminal.stderr()).toBe('');
});

test('after a second the last step is told, and each that follows', () => {
  const terminal = fakeTerminal();
  using progress = new Progress(terminal, false);
  progress.tell('one');
  progress.tell('two');
  clock.tick(1000);
  expect(terminal.stderr()).toBe('· two\n');
  progress.tell('three');
  expect(terminal.stderr()).toBe('· two\n· three\n');
  expect(terminal.stdout()).toBe('');
});

test('a second without any step says nothing', () => {
  const terminal = fakeTerminal();
  using progress = new Progress(terminal, false);
  clock.tick(5000);
  expect(terminal.stderr()).toBe('');
  progress.tell('late');
  expect(terminal.stderr()).toBe('· late\n');
});

test('when asked to, every step is told at once', () => {
  const terminal = fakeTerminal({ errColors: pico.createColors(true) });
  using progress = new Progress(terminal, true);
  progress.tell('one');
  expect(terminal.stderr()).toBe('\u001b[2m· one\u001b[22m\n');
});
