import { inventoryOf, openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import type { HostInventory } from '../../../host/index.js';
import type { Plan } from '../../../planner/index.js';
import { planDocument } from '../../../view/documents/index.js';
import { draftAttach, openVm, type Prepared, planAttach } from '../../../vm/index.js';
import type { Arguments, CommandHandler, Outcome } from '../../command.js';
import { exitCodeOf } from '../../exit-codes.js';
import { renderExplanation } from '../../render/explanation.js';
import { renderPlan } from '../../render/plan.js';
import { renderHeading } from '../../render/topology.js';
import type { Terminal } from '../../terminal.js';
import { ANSWER_TIMEOUT } from '../../timeouts.js';
import { explainDevices, type PlanToExplain } from '../shared/explain-devices.js';
import { prepareFile } from '../shared/prepare-file.js';
import { attachRequestOf, refuseHostFile } from '../shared/read-options.js';
import { type SvgRequest, svgRequest } from '../shared/svg-request.js';
import { deliverPicture } from '../shared/write-picture.js';

export const run: CommandHandler = async (args, terminal, commands) => {
  if (args.text('count') !== undefined) return (await import('./plan-count.js')).run(args, terminal, commands);
  return args.texts('selector').length === 0 ? planFileOutcome(args, terminal) : planAttachOutcome(args, terminal);
};

async function planFileOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const svg = svgRequest(args, 'plan');
  const { prepared, inventory, findings } = await prepareFile(args.word('vm'), args, terminal);
  const { name } = prepared.file;
  if (svg !== undefined) await draw(svg, name, prepared, terminal);
  return {
    ...outcomeOf(name, prepared, { names: args.texts('explain'), inventory, svg }, terminal),
    findings,
    exit: exitCodeOf(findings),
  };
}

async function planAttachOutcome(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const svg = svgRequest(args, 'plan');
  refuseHostFile(args, 'SELECTOR', 'selectors need a running VM, which takes only devices of this host');
  const host = openHost(terminal);
  const timeout = (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000;
  await using vm = await openVm(args.word('vm'), host, { signal: terminal.signal, timeout });
  const request = attachRequestOf(args);
  const names = args.texts('explain');
  // Who asks why, or for a picture, wants to know it of a device that is refused, most of all.
  const goesOn = names.length > 0 || svg !== undefined;
  const planned = await (goesOn ? draftAttach : planAttach)(vm, request, host, terminal.signal);
  if (svg !== undefined) await draw(svg, vm.name, planned, terminal);
  return {
    ...outcomeOf(vm.name, planned, { names, inventory: inventoryOf(host), svg }, terminal),
    findings: planned.findings,
    exit: exitCodeOf(planned.findings),
  };
}

/** What a picture is made of. */
interface Drawn {
  readonly plan: Plan;
  readonly untold?: Prepared['untold'];
}

async function draw(svg: SvgRequest, vm: string, planned: Drawn, terminal: Terminal): Promise<void> {
  const { planPicture } = await import('../../../view/picture/index.js');
  await deliverPicture(svg, planPicture(vm, planned.plan, planned.untold), terminal);
}

interface Asked {
  /** Whom `--explain` names. */
  readonly names: readonly string[];
  readonly inventory: HostInventory | undefined;
  readonly svg: SvgRequest | undefined;
}

function outcomeOf(vm: string, planned: PlanToExplain, { names, inventory, svg }: Asked, terminal: Terminal): Outcome {
  const { plan } = planned;
  const explanations = explainDevices(names, planned, inventory);
  const text = (): string =>
    [
      `${renderHeading(printable(vm), 'as planned', terminal)}\n${renderPlan(plan, terminal)}`,
      ...[...explanations.values()].map((one) => renderExplanation(one, terminal)),
    ].join('\n\n');
  return {
    schema: 'plan',
    document: () => ({ vm, ...planDocument(plan, explanations) }),
    text: () => (svg?.alone === true ? '' : text()),
  };
}
