import type { Properties } from './read-properties.js';

/** A section of a file of `-readconfig`. */
export interface ConfigGroup {
  /** `chardev`, `mon`, `machine`, … */
  readonly group: string;
  readonly id: string | undefined;
  readonly properties: Properties;
}

/** Lines that are looked at. */
const MOST_LINES = 10_000;

/**
 * Reads the text of a file of `-readconfig` (util/qemu-config.c, qemu_config_foreach): `[group "id"]` or `[group]`, and `name = "value"`.
 * Skips any other line, for which QEMU refuses the file.
 */
export function readConfig(text: string): ConfigGroup[] {
  const groups: { group: string; id: string | undefined; properties: Map<string, string> }[] = [];
  for (const line of text.split('\n', MOST_LINES)) {
    if (line.startsWith('#')) continue;
    const [, group, id] = /^\[\s*([^\s\]]{1,63})(?:\s+"([^"]{1,63})")?\]/.exec(line) ?? [];
    if (group !== undefined) groups.push({ group, id, properties: new Map() });
    const [, name, value] = /^\s*([^\s[]\S{0,62})\s+=\s*"([^"]*)"/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) groups.at(-1)?.properties.set(name, value);
  }
  return groups;
}
