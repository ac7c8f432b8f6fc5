import { appendFileSync } from 'node:fs';
import { listenerOf } from '../../src/base/index.js';
import { runCommandLine } from '../../src/cli/run-command-line.js';
import { plainTerminal } from '../plain-terminal.js';
import { recordedHost } from './recorded-host.js';

/*
 * `killed-qplug.mjs RECORDING LOG AT VICTIM WORD…`: a command line of qplug on a recorded host; it, or the QEMU of its VM, is killed as soon
 * as it has written its mark number AT (from 1; 0: never) into the journal. All marks are in LOG, a line each.
 */
const [recording = '', log = '', at = '0', victim = 'qplug', ...words] = process.argv.slice(2);
let count = 0;
const terminal = plainTerminal(
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
process.exitCode = await runCommandLine(words, {
  ...terminal,
  sysfs: recordedHost(recording),
  watch: ({ kind, steps, socket }, mark) => {
    const step = 'step' in mark ? ` ${(steps[mark.step] as { do: string }).do} ${mark.step}` : '';
    appendFileSync(log, `${kind}${step} ${mark.is}\n`);
    if (++count !== Number(at)) return;
    const pid = victim === 'qplug' ? process.pid : listenerOf(socket)?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  },
});
