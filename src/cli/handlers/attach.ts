import { fail } from '../../diag/index.js';
import { megabits as speedInMegabits } from '../../qdev/index.js';
import { type AttachedReport, type AttachReport, attachTo, changeTarget } from '../../vm/index.js';
import type { Arguments, CommandHandler } from '../command.js';
import { hostDeviceSummary } from '../documents/host-device.js';
import { changedDocument, changedLines } from '../documents/vm-file.js';
import { growOf } from '../grow-option.js';
import { guardOffOf } from '../guard-off.js';
import { lines } from '../lines.js';
import { renderSpeed } from '../render-speed.js';
import { withOperation } from '../with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const selectors = args.texts('selector');
  const emulated = args.texts('emulated');
  if (selectors.length + emulated.length === 0) throw fail('attach-nothing', { vm: args.word('vm') });
  const controller = args.text('controller');
  const port = args.text('port');
  if (port !== undefined && selectors.length + emulated.length > 1) {
    throw fail('port-of-several', { devices: selectors.length + emulated.length });
  }
  const request = {
    selectors,
    emulated,
    controller,
    port,
    slower: slowerOf(args),
    wait: waitOf(args),
    grow: growOf(args),
    guardOff: guardOffOf(args),
  };
  const choice = { config: args.flag('config'), live: args.flag('live') };
  const report = await withOperation(args, terminal, async (host, operation) => {
    const target = await changeTarget(args.word('vm'), choice, host);
    if (target.live === undefined && request.grow !== undefined) throw growsNothing();
    return attachTo(target, request, host, operation);
  });
  return {
    schema: 'attach',
    document: () => ({
      vm: report.vm,
      devices: report.devices.map(documentOf),
      added: { controllers: report.controllers, hubs: report.hubs },
      ...changedDocument(report),
    }),
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

function slowerOf(args: Arguments): 'refuse' | 'allow' | undefined {
  return args.text('slower') as 'refuse' | 'allow' | undefined;
}

function waitOf(args: Arguments): number {
  return (args.number('wait') ?? 0) * 1000;
}

function documentOf({ id, outcome, host, bus, port, megabits, native }: AttachedReport): Record<string, unknown> {
  return {
    id,
    outcome,
    bus,
    port: port === '' ? null : port,
    megabits: megabits ?? null,
    native: native === undefined ? null : speedInMegabits(native),
    host: host === undefined ? null : hostDeviceSummary(host),
  };
}

function sentence({ id, label, outcome, host, bus, port, megabits }: AttachedReport): string {
  const full = host?.megabits;
  const below =
    full !== undefined && megabits !== undefined && megabits < Math.min(full, 5000)
      ? ` (${renderSpeed(full)} on this host)`
      : '';
  const did = outcome === 'already' ? 'is already attached' : 'attached';
  const known = label === id || label.startsWith(`${id} (`);
  return `${label} ${did}: ${bus} port ${port}, ${renderSpeed(megabits)}${below}${known ? '' : `, id ${id}`}`;
}
