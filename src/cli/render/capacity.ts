import type { Room } from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import { speedText } from '../../view/text/index.js';
import { table } from './table.js';

/** How many more devices fit, for people: a line for each speed. */
export function renderCapacity(rooms: readonly Room[]): string {
  const rows = rooms.map(({ speed, now, most, orMore, hubs, controllers }) => {
    const models = [...new Set(controllers.map(({ model }) => model))];
    const added = [
      ...models.map((model) => `${controllers.filter((one) => one.model === model).length} × ${model}`),
      ...(hubs.length === 0 ? [] : [`${hubs.length} × usb-hub`]),
    ];
    const all = `${most}${orMore ? ' or more' : ''}`;
    return [`  ${speedText(megabits(speed))}`, String(now), all, added.length === 0 ? 'nothing' : added.join(', ')];
  });
  return table([['  speed', 'as it is', 'at most', 'adding'], ...rows]);
}
