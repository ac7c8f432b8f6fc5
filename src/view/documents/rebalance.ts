import type { Placement } from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import type { RebalanceReport } from '../../vm/index.js';

/** For programs: the single move that gains most, and what it interrupts. */
export function rebalanceDocument({ vm, move, done }: RebalanceReport): Record<string, unknown> {
  const moved = move?.moved ?? [];
  return {
    vm,
    done,
    wins: move === undefined ? null : { ...placed(move.wins), was: move.was === undefined ? null : megabits(move.was) },
    interrupted: moved.map(({ from, to }) => ({ ...placed(to), from })),
    added: { hubs: move?.plan.hubs ?? [] },
    removed: { hubs: move?.hub === undefined ? [] : [move.hub] },
  };
}

function placed({ key, label, bus, port, speed }: Placement): Record<string, unknown> {
  return { id: key, label, bus, port, megabits: megabits(speed) };
}
