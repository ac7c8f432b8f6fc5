#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import pico from 'picocolors';
import { closeInherited } from '../base/index.js';
import { runCommandLine } from './run-command-line.js';

/** The process: streams, signals, exit code. Everything else is in run-command-line.ts, which tests call too. */
closeInherited(process.argv.slice(2));

const interruption = new AbortController();
// everything that a command waits for listens to this
setMaxListeners(0, interruption.signal);
const interrupt = (signal: NodeJS.Signals): void => {
  // who asks twice wants out at once; but a terminal that goes away sends SIGHUP twice, through the kernel and the shell
  if (interruption.signal.aborted && signal !== 'SIGHUP') process.exit(130);
  interruption.abort(new Error(`interrupted by ${signal}`));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);

// `qplug devices | head`: the reader has seen enough. A result that nobody reads ends a watch; a VM goes on without its
// log. A terminal that was closed says EIO.
const onBroken = (stream: NodeJS.WriteStream, then: () => void): void => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    then();
  });
};
onBroken(process.stdout, () => interruption.abort(new Error('nobody reads the output any more')));
onBroken(process.stderr, () => undefined);

const wantsColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

// a terminal that does not know its width says 0
const columnsOf = (stream: NodeJS.WriteStream): number | undefined =>
  stream.isTTY === true && stream.columns > 0 ? stream.columns : undefined;

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  outColors: pico.createColors(wantsColor(process.stdout)),
  errColors: pico.createColors(wantsColor(process.stderr)),
  columns: columnsOf(process.stdout),
  errColumns: columnsOf(process.stderr),
  env: process.env,
  uid: process.getuid?.() ?? -1,
  program: [process.execPath, ...process.argv.slice(1, 2)],
  signal: interruption.signal,
});
