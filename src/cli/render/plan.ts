import { printable } from '../../diag/index.js';
import type { Plan } from '../../planner/index.js';
import { atLeast, shorten, width } from '../../view/text/index.js';
import { planWords } from '../../view/tree/index.js';
import type { Terminal } from '../terminal.js';
import { unbroken } from './lines.js';
import { PIPE_COLUMNS, renderTopology } from './topology.js';

/** A plan for people: the tree as it will be, what is new in it marked, and what has no place. */
export function renderPlan(plan: Plan, terminal: Pick<Terminal, 'outColors' | 'columns'>): string {
  const { outColors: colors, columns = PIPE_COLUMNS } = terminal;
  const tree = renderTopology(plan.after, { describe: planWords(plan), kept: plan }, terminal);
  const added = plan.controllers.map(
    ({ id, model, pciBus, address }) =>
      `controller ${printable(id)} (${model}) will be added${pciBus === undefined ? '' : ` on PCI bus ${printable(pciBus)}`}${address === undefined ? '' : ` at ${address}`}`,
  );
  const refused = plan.refusals.map(({ label }) => {
    const before = 'no place: ';
    return `${colors.red(before.trimEnd())} ${shorten(label, atLeast(columns - width(before)))}`;
  });
  return [tree, ...[...added, ...refused].map(unbroken)].join('\n');
}
