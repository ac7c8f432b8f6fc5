#!/usr/bin/env node
import { EXIT_CODES } from './exit-codes.js';
import { Output } from './output/output.js';

/** Loads the program. Node opens many of its files at once, and would print a stack trace where the system has no more of them. */
try {
  await import('./program.js');
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
  new Output(2).write(`error: qplug could not be loaded: ${message.replaceAll(/[^ -~]/g, '?')}\n`);
  process.exitCode = EXIT_CODES.failed;
}
