import { appendFileSync } from 'node:fs';
import { runCommandLine } from '../../../src/cli/run-command-line.js';
import type { NodeGrant } from '../../../src/host/index.js';
import { plainTerminal } from '../../plain-terminal.js';
import { processOfSocket } from '../../process-of-socket.js';
import { livingHost } from './recorded-host.js';

/*
 * `killed-qplug.mjs RECORDING LOG AT VICTIM WORD…` runs a command line of qplug on a recorded host. It kills this qplug, or the QEMU of its
 * VM, as soon as qplug has written mark number AT (from 1; 0: never) into the journal. LOG has all marks, one on each line; LOG.grants has
 * the nodes that are granted to a user.
 */
const [recording = '', log = '', at = '0', victim = 'qplug', ...words] = process.argv.slice(2);
let count = 0;
const terminal = plainTerminal(
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
process.exitCode = await runCommandLine(words, {
  ...terminal,
  sysfs: livingHost(recording),
  watch: ({ kind, steps, socket }, mark) => {
    const step = 'step' in mark ? ` ${(steps[mark.step] as { do: string }).do} ${mark.step}` : '';
    appendFileSync(log, `${kind}${step} ${mark.is}\n`);
    if (mark.is === 'begun') appendFileSync(`${log}.grants`, grantsOf(steps));
    if (++count !== Number(at)) return;
    const pid = victim === 'qplug' ? process.pid : processOfSocket(socket);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  },
});

/** @returns each node and the user who may open it, one on each line */
function grantsOf(steps: readonly object[]): string {
  const grants = (steps as readonly { grant?: NodeGrant }[]).flatMap(({ grant }) => grant ?? []);
  return grants.map(({ node, uid }) => `${node} ${uid}\n`).join('');
}
