import { openHost } from '../../../access/index.js';
import { type Finding, printable, QplugError } from '../../../diag/index.js';
import { megabits } from '../../../qdev/index.js';
import { notifyManager } from '../../../service/index.js';
import { runDocument } from '../../../view/documents/index.js';
import { speedText } from '../../../view/text/index.js';
import { type RunningVm, runVm, stayWith } from '../../../vm/index.js';
import type { CommandHandler, Outcome } from '../../command.js';
import { forJournal } from '../../output/journal-lines.js';
import { Progress } from '../../progress.js';
import { renderFinding } from '../../render/finding.js';
import { lines } from '../../render/lines.js';
import type { Terminal } from '../../terminal.js';
import { RUN_TIMEOUT, WISH_WAIT } from '../../timeouts.js';
import { leaveWatcher } from '../shared/leave-watcher.js';
import { guardOffOf } from '../shared/read-options.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = openHost(terminal);
  const { signal } = terminal;
  using progress = new Progress(terminal, true);
  const timeout = (args.number('timeout') ?? RUN_TIMEOUT) * 1000;
  const wait = (args.number('wait') ?? WISH_WAIT) * 1000;
  const request = {
    path: args.word('file'),
    wait,
    forget: args.flag('forget'),
    user: args.text('user'),
    guardOff: guardOffOf(args),
  };
  const vm = await runVm(request, host, { signal, timeout, onProgress: progress.tell });
  if (args.flag('detach')) {
    vm.process.leave();
    leaveWatcher(vm.record.name, terminal);
    return outcomeOf(vm, vm.findings);
  }
  tellFindings(vm.findings, terminal);
  const outcome = outcomeOf(vm, []);
  if (!args.flag('json')) terminal.err(`${outcome.text()}\nCtrl-C shuts it down\n`);
  const onLog = logPrinter(terminal);
  const ready = tellReady(vm, terminal);
  const findings = await stayWith(vm, host, { signal, onProgress: progress.tell, onLog }).finally(() => ready);
  const ended = `${printable(vm.record.name)} ended: its guest powered off`;
  return { ...outcome, text: () => ended, findings };
};

function tellFindings(findings: readonly Finding[], terminal: Terminal): void {
  for (const found of findings) {
    terminal.err(`${forJournal(renderFinding(found, terminal), found.severity, terminal)}\n`);
  }
}

/** Tells the service manager that the VM runs, if it wants to know. Rejects nothing that can happen. */
async function tellReady({ record }: RunningVm, terminal: Terminal): Promise<void> {
  const { manager, signal } = terminal;
  if (manager?.notifyAt === undefined) return;
  const words = ['--ready', `--status=${printable(record.name)} runs: process ${record.qemu?.pid}`];
  try {
    await notifyManager(manager.notifyAt, words, signal);
  } catch (error) {
    if (error instanceof QplugError) tellFindings(error.findings, terminal);
    else if (!signal.aborted) throw error;
  }
}

function outcomeOf(vm: RunningVm, findings: readonly Finding[]): Outcome {
  const { record, devices, paused } = vm;
  return {
    schema: 'run',
    document: () => runDocument(vm),
    text: () =>
      lines([
        `${printable(record.name)} runs${paused ? ', paused' : ''}: process ${record.qemu?.pid}, QMP for you at ${printable(record.sockets.owner)}`,
        ...devices.map(
          ({ label, bus, port, speed }) => `  ${bus} port ${port}  ${speedText(megabits(speed))}  ${label}`,
        ),
      ]),
    findings,
  };
}

/** QEMU's output is untrusted text: whole lines, escaped. */
function logPrinter(terminal: Terminal): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      terminal.err(`${terminal.errColors.dim('qemu|')} ${printable(line.replace(/\r$/, ''))}\n`);
  };
}
