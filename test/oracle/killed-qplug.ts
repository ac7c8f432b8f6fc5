import { appendFileSync, readFileSync } from 'node:fs';
import pico from 'picocolors';
import { runCommandLine } from '../../src/cli/run-command-line.js';
import { parseRecording, recordedSysfs } from '../../src/host/index.js';

/*
 * `killed-qplug.mjs RECORDING LOG AT WORD…`: a command line of qplug on a recorded host, which is killed as soon as it has written its mark
 * number AT (from 1; 0: never) into the journal. All marks are in LOG, a line each.
 */
const [recording = '', log = '', at = '0', ...words] = process.argv.slice(2);
let count = 0;
const plain = pico.createColors(false);
process.exitCode = await runCommandLine(words, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  outColors: plain,
  errColors: plain,
  columns: undefined,
  errColumns: undefined,
  env: process.env,
  uid: 0,
  sysfs: recordedSysfs(parseRecording(readFileSync(recording, 'utf8'), recording)),
  signal: new AbortController().signal,
  watch: ({ kind, steps }, mark) => {
    const step = 'step' in mark ? ` ${(steps[mark.step] as { do: string }).do} ${mark.step}` : '';
    appendFileSync(log, `${kind}${step} ${mark.is}\n`);
    if (++count === Number(at)) process.kill(process.pid, 'SIGKILL');
  },
});
