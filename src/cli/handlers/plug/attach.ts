import { fail } from '../../../diag/index.js';
import { attachDocument } from '../../../view/documents/index.js';
import { speedText } from '../../../view/text/index.js';
import { type AttachedReport, type AttachReport, attachTo, changeTarget } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { changedLines } from '../../render/vm-file.js';
import { attachRequestOf } from '../shared/read-options.js';
import { withOperation } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const selectors = args.texts('selector');
  const emulated = args.texts('emulated');
  if (selectors.length + emulated.length === 0) throw fail('attach-nothing', { vm: args.word('vm') });
  if (args.text('port') !== undefined && selectors.length + emulated.length > 1) {
    throw fail('port-of-several', { devices: selectors.length + emulated.length });
  }
  const request = { ...attachRequestOf(args), emulated, wait: (args.number('wait') ?? 0) * 1000 };
  const choice = { config: args.flag('config'), live: args.flag('live') };
  const report = await withOperation(args, terminal, async (host, operation) => {
    const target = await changeTarget(args.word('vm'), choice, host, operation.signal);
    if (target.live === undefined && request.grow !== undefined) throw growsNothing();
    return attachTo(target, request, host, operation);
  });
  return {
    schema: 'attach',
    document: () => attachDocument(report),
    text: () => lines([...report.devices.map(sentence), ...addedLines(report), ...changedLines(report)]),
    findings: report.findings.filter((one) => one.code !== 'already-attached'),
  };
};

function growsNothing(): Error {
  const why = '--grow applies to the running VM, but the command changes only its file';
  return fail('options-conflict', {
    options: ['--grow', '--config'],
    why,
    fix: 'write `grow:` under `usb:` in the file',
  });
}

/** What was added to the VM beside the devices is never left unsaid. */
function addedLines({ controllers, hubs }: AttachReport): string[] {
  return [...controllers.map((id) => `added the controller ${id}`), ...hubs.map((id) => `added the hub ${id}`)];
}

function sentence({ id, label, outcome, hostDevice, bus, port, megabits }: AttachedReport): string {
  const full = hostDevice?.megabits;
  const below =
    full !== undefined && megabits !== undefined && megabits < Math.min(full, 5000)
      ? ` (${speedText(full)} on this host)`
      : '';
  const did = outcome === 'already' ? 'is already attached' : 'attached';
  const known = label === id || label.startsWith(`${id} (`);
  return `${label} ${did}: ${bus} port ${port}, ${speedText(megabits)}${below}${known ? '' : `, id ${id}`}`;
}
