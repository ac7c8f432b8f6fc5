import type { Room } from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import { addedDocument } from './plan.js';

/** For programs: how many more devices fit. */
export function capacityDocument(vm: string, rooms: readonly Room[]): Record<string, unknown> {
  return {
    vm,
    room: rooms.map(({ speed, now, most, orMore, ...added }) => ({
      speed,
      megabits: megabits(speed),
      now,
      most,
      orMore,
      added: addedDocument(added),
    })),
  };
}
