import { printable } from '../../diag/index.js';
import type { Plan } from '../../planner/index.js';
import { type AttachRequest, inventoryOf, openVm, planAttach, prepare } from '../../vm/index.js';
import type { Arguments, CommandHandler, Outcome } from '../command.js';
import { planDocument } from '../documents/plan.js';
import { exitCodeOf } from '../exit-codes.js';
import { hostAccess } from '../host-access.js';
import { renderPlan } from '../render-plan.js';
import type { Terminal } from '../terminal.js';
import { ANSWER_TIMEOUT } from '../timeouts.js';

export const run: CommandHandler = (args, terminal) =>
  args.texts('selector').length === 0 ? planFileOutcome(args, terminal) : planAttachOutcome(args, terminal);

async function planFileOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const host = hostAccess(terminal);
  const inventory = args.flag('offline') ? undefined : inventoryOf(host);
  const prepared = await prepare(args.word('vm'), host, inventory, {
    full: false,
    forget: args.flag('forget'),
    signal: terminal.signal,
  });
  return {
    ...outcomeOf(prepared.file.name, prepared.plan, terminal),
    findings: prepared.findings,
    exit: exitCodeOf(prepared.findings),
  };
}

async function planAttachOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const host = hostAccess(terminal);
  const timeout = (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000;
  await using vm = await openVm(args.word('vm'), host, { signal: terminal.signal, timeout });
  const request: AttachRequest = {
    selectors: args.texts('selector'),
    controller: args.text('controller'),
    port: args.text('port'),
    slower: args.text('slower') as 'refuse' | 'allow' | undefined,
  };
  const planned = await planAttach(vm, request, host, terminal.signal);
  return { ...outcomeOf(vm.name, planned.plan, terminal), findings: planned.findings };
}

function outcomeOf(vm: string, plan: Plan, terminal: Terminal): Outcome {
  return {
    schema: 'plan',
    document: () => ({ vm, ...planDocument(plan) }),
    text: () => `${terminal.outColors.bold(printable(vm))}  as planned\n${renderPlan(plan, terminal)}`,
  };
}
