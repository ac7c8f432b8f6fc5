import { printable } from '../../diag/index.js';
import type { HostInventory } from '../../host/index.js';
import { type AttachRequest, draftAttach, inventoryOf, openVm, planAttach, prepare } from '../../vm/index.js';
import { chosenInventory, hostNotes, refuseHostFile } from '../chosen-inventory.js';
import type { Arguments, CommandHandler, Outcome } from '../command.js';
import { planDocument } from '../documents/plan.js';
import { exitCodeOf } from '../exit-codes.js';
import { type Explained, explained } from '../explained.js';
import { growOf } from '../grow-option.js';
import { hostAccess } from '../host-access.js';
import { renderExplanation } from '../render-explain.js';
import { renderPlan } from '../render-plan.js';
import type { Terminal } from '../terminal.js';
import { ANSWER_TIMEOUT } from '../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  if (args.text('count') !== undefined) return (await import('./count.js')).run(args, terminal);
  return args.texts('selector').length === 0 ? planFileOutcome(args, terminal) : planAttachOutcome(args, terminal);
};

async function planFileOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const host = hostAccess(terminal);
  const inventory = await chosenInventory(args, host, terminal);
  const forget = args.flag('forget') || args.text('host') !== undefined;
  const options = { full: false, forget, signal: terminal.signal };
  const prepared = await prepare(args.word('vm'), host, inventory, options);
  const findings = [...hostNotes(inventory, prepared), ...prepared.findings];
  return {
    ...outcomeOf(prepared.file.name, prepared, args.texts('explain'), inventory, terminal),
    findings,
    exit: exitCodeOf(findings),
  };
}

async function planAttachOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  refuseHostFile(args, 'SELECTOR', 'selectors are for a VM that runs, and that takes devices of this host alone');
  const host = hostAccess(terminal);
  const timeout = (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000;
  await using vm = await openVm(args.word('vm'), host, { signal: terminal.signal, timeout });
  const request: AttachRequest = {
    selectors: args.texts('selector'),
    controller: args.text('controller'),
    port: args.text('port'),
    slower: args.text('slower') as 'refuse' | 'allow' | undefined,
    grow: growOf(args),
  };
  const names = args.texts('explain');
  // Who asks why wants to know it of a device that is refused, most of all.
  const planned = await (names.length === 0 ? planAttach : draftAttach)(vm, request, host, terminal.signal);
  return {
    ...outcomeOf(vm.name, planned, names, inventoryOf(host), terminal),
    findings: planned.findings,
    exit: exitCodeOf(planned.findings),
  };
}

function outcomeOf(
  vm: string,
  planned: Explained,
  names: readonly string[],
  inventory: HostInventory | undefined,
  terminal: Terminal,
): Outcome {
  const { plan } = planned;
  const explanations = explained(names, planned, inventory);
  return {
    schema: 'plan',
    document: () => ({ vm, ...planDocument(plan, explanations) }),
    text: () =>
      [
        `${terminal.outColors.bold(printable(vm))}  as planned\n${renderPlan(plan, terminal)}`,
        ...[...explanations.values()].map((one) => renderExplanation(one, terminal)),
      ].join('\n\n'),
  };
}
