import type { Topology } from '../../../src/qdev/index.js';

/** A topology without the parts that no prediction can know, in a fixed order, so that two can be compared as text. */
export function pictureOf({ controllers, hotplug, ids }: Topology): unknown {
  const byText = <T>(list: readonly T[]): T[] =>
    list
      .map((one) => [JSON.stringify(one), one] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, one]) => one);
  return {
    controllers: byText(
      controllers.map(({ bus, id, model, known, ports, devices }) => ({
        bus,
        id,
        model,
        known,
        ports,
        devices: byText(
          devices.map(({ port, id, driver, attached, megabits, hubPorts, automatic }) => ({
            port,
            id,
            driver,
            attached,
            megabits,
            hubPorts,
            automatic,
          })),
        ),
      })),
    ),
    hotplug: byText(hotplug.filter(({ capacity }) => capacity > 0)),
    ids: [...ids].sort(),
  };
}

/** @returns the parts in which two plain values differ, each with its path; none when they are equal */
export function differencesOf(expected: unknown, seen: unknown, path = ''): string[] {
  if (typeof expected === 'object' && expected !== null && typeof seen === 'object' && seen !== null) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(seen)])];
    return keys.flatMap((key) =>
      differencesOf(
        (expected as Record<string, unknown>)[key],
        (seen as Record<string, unknown>)[key],
        path === '' ? key : `${path}.${key}`,
      ),
    );
  }
  return Object.is(expected, seen)
    ? []
    : [`${path}: predicted ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`];
}
