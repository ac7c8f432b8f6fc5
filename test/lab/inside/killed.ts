import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommandLine } from '../../../src/cli/run-command-line.js';
import { type JournalHead, VmRegistry } from '../../../src/registry/index.js';
import { plainTerminal } from '../../plain-terminal.js';
import { processOfSocket } from '../../process-of-socket.js';

/**
 * The process that SIGKILL ends: this qplug, or the QEMU of the transaction. `qplug while …`: QEMU is stopped, and this qplug is killed
 * once it has done all that it can without an answer.
 */
export type Victim = 'qplug' | 'qemu' | 'qplug while QEMU stands still';

/** ms for all that this qplug does without an answer of QEMU: a few system calls. */
const STANDS_STILL = 300;

function pidOf(victim: Victim, { vm, socket }: JournalHead): number | undefined {
  if (victim === 'qplug') return process.pid;
  return new VmRegistry('/run/qplug').read(vm)?.qemu?.pid ?? processOfSocket(socket);
}

/**
 * The program `killed.mjs LOG AT VICTIM WORD…` runs a command line of qplug and kills VICTIM as soon as qplug has written mark number AT
 * (from 1; 0: kills nothing) into the journal. LOG has all marks that were written, one on each line. It begins when the file LOG.go
 * exists: by then Node has started.
 */
export async function main([log = '', at = '0', victim = 'qplug', ...words]: readonly string[]): Promise<void> {
  let count = 0;
  while (!existsSync(`${log}.go`)) await delay(5);
  process.exitCode = await runCommandLine(words, {
    ...plainTerminal(
      (text) => void process.stdout.write(text),
      (text) => void process.stderr.write(text),
    ),
    watch: (head, mark) => {
      const step =
        'step' in mark ? ` ${JSON.stringify((head.steps[mark.step] as { do: string }).do)} ${mark.step}` : '';
      appendFileSync(log, `${head.kind}${step} ${mark.is}\n`);
      if (++count !== Number(at)) return;
      const pid = pidOf(victim as Victim, head);
      if (pid === undefined) return;
      if (victim !== 'qplug while QEMU stands still') return void process.kill(pid, 'SIGKILL');
      process.kill(pid, 'SIGSTOP');
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), STANDS_STILL);
    },
  });
}
