import { setMaxListeners } from 'node:events';
import pico from 'picocolors';
import { closeInherited, meetServiceManager } from '../base/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { Mistake } from './output/mistake.js';
import { Output } from './output/output.js';
import { printFailure } from './output/print-failure.js';
import { reportOutput } from './output/report-output.js';
import { safeTerminal } from './output/safe-terminal.js';
import { runCommandLine } from './run-command-line.js';
import type { Terminal } from './terminal.js';

/** The process: streams, signals, exit code. Everything else is in run-command-line.ts, which tests call too. */
const words = process.argv.slice(2);
const isAgent = words.find((word) => !word.startsWith('-')) === 'agent';
const manager = meetServiceManager(process.env, isAgent ? ['control', 'uevent'] : []);
closeInherited(words, [...manager.sockets.values()]);

const interruption = new AbortController();
// everything that a command waits for listens to this
setMaxListeners(0, interruption.signal);
let isOver = false;
const interrupt = (signal: NodeJS.Signals): void => {
  // who asks twice wants out at once; but a terminal that goes away sends SIGHUP twice, through the kernel and the shell.
  // A command that is over only waits for its reader
  if (isOver || (interruption.signal.aborted && signal !== 'SIGHUP')) process.exit(130);
  interruption.abort(new Error(`interrupted by ${signal}`));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);
// a file that gets larger than is allowed (ulimit -f): the write fails with EFBIG then, where the signal would end us in the middle
process.on('SIGXFSZ', () => undefined);

/** ms that what had been begun may take to be undone after a mistake. */
const UNDO = 60_000;

// what nobody caught stops everything, in order where that is possible
const stop = (error: unknown): void => {
  if (isOver) printFailure(error, false, safe);
  else interruption.abort(new Mistake(error));
  process.exitCode = 1;
  setTimeout(() => process.exit(1), UNDO).unref();
};
process.on('uncaughtException', stop);
process.on('unhandledRejection', stop);

const out = new Output(1);
const err = new Output(2);
const wantsColor = ({ isTerminal }: Output): boolean =>
  isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

const terminal: Terminal = {
  out: (text) => out.write(text),
  err: (text) => err.tell(text),
  outEnded: out.ended,
  outColors: pico.createColors(wantsColor(out)),
  errColors: pico.createColors(wantsColor(err)),
  columns: out.columns,
  errColumns: err.columns,
  errIsJournal: err.isFile(process.env['JOURNAL_STREAM']),
  env: process.env,
  uid: process.getuid?.() ?? -1,
  program: [process.execPath, ...process.argv.slice(1, 2)],
  manager,
  signal: interruption.signal,
};

const safe = safeTerminal(terminal);

const came = await runCommandLine(words, terminal);
isOver = true;
const { reason } = interruption.signal;
const isMistake = reason instanceof Mistake;
if (isMistake && !reason.told) printFailure(reason.cause, false, safe);
const exit = isMistake ? EXIT_CODES.failed : came;
process.exitCode = await reportOutput(exit, { out, err }, words.includes('--json'), safe);
