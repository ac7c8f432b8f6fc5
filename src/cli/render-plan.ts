import { printable } from '../diag/index.js';
import type { Plan } from '../planner/index.js';
import { type AttachedDevice, megabits } from '../qdev/index.js';
import { renderSpeed } from './render-speed.js';
import { renderTopology } from './render-topology.js';
import type { Terminal } from './terminal.js';
import { atLeast, cut, width } from './text-width.js';

/** A plan for people: the tree as it will be, what is new in it marked, and what has no place. */
export function renderPlan(plan: Plan, terminal: Pick<Terminal, 'outColors' | 'columns'>): string {
  const { outColors: colors } = terminal;
  const placed = new Map(plan.placements.map((one) => [one.key, one]));
  const hubs = new Set(plan.hubs.map(({ id }) => id));
  const tree = renderTopology(plan.after, words, terminal);
  const added = plan.controllers.map(
    ({ id, model, pciBus, address }) =>
      `controller ${printable(id)} (${model}) will be added${pciBus === undefined ? '' : ` on PCI bus ${printable(pciBus)}`}${address === undefined ? '' : ` at ${address}`}`,
  );
  const refused = plan.refusals.map(({ label }) => `${colors.red('no place:')} ${label}`);
  return [tree, ...added, ...refused].join('\n');

  function words(device: AttachedDevice, room: number): string {
    const id = device.id ?? '';
    const after = `  ${colors.dim(id === '' ? '(no id)' : printable(id))}`;
    if (device.hubPorts !== undefined) {
      const added = hubs.has(id) ? `, will be added${sparesPorts(plan, device) ? ', keeps fast ports free' : ''}` : '';
      return `hub, ${device.hubPorts} ports${added}${after}`;
    }
    const one = placed.get(id);
    if (one === undefined)
      return cut(printable(device.product ?? device.driver, 48), atLeast(room - width(after))) + after;
    const slower =
      one.speed === one.native ? '' : colors.yellow(`  slower: it can do ${renderSpeed(megabits(one.native))}`);
    return `${cut(one.label, atLeast(room - width(slower)))}${slower}`;
  }
}

/** Whether a device behind a hub could have had a port that is kept for faster ones: that is what the hub is for. */
function sparesPorts({ placements, hubs }: Plan, { id, port: at }: AttachedDevice): boolean {
  const bus = hubs.find((one) => one.id === id)?.bus;
  const behind = placements.find((one) => one.bus === bus && one.port.startsWith(`${at}.`));
  return behind?.candidates.some(({ verdict }) => verdict.verdict === 'reserved') === true;
}
