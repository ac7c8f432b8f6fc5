/** A device on a bus in the text of `info qtree` (softmmu/qdev-monitor.c, qdev_print; hw/usb/bus.c, usb_bus_dev_print). */
export interface QtreeDevice {
  readonly driver: string;
  /** Empty for a device without id. */
  readonly id: string;
  /** The `port` that was asked for; empty when QEMU chose. */
  readonly requestedPort: string;
  /** The real place, or undefined when there is no such line or several. */
  readonly place: { readonly bus: number; readonly port: string; readonly megabits: number } | undefined;
}

/**
 * The text of `info qtree`. It is meant for people and holds names that devices wrote, so the caller uses it only while no name holds
 * a line break, and compares every device of a bus with QOM.
 */
export class Qtree {
  readonly #lines: readonly string[];
  /** The line of each bus by its name; undefined where several buses share the name. */
  readonly #starts = new Map<string, number | undefined>();
  /** How many lines of buses were read: at most all lines of the text, since USB buses are not nested. */
  #read = 0;

  constructor(text: string) {
    this.#lines = text.split('\n');
    for (const [i, line] of this.#lines.entries()) {
      const name = /^ *bus: (.*)$/.exec(line)?.[1];
      if (name !== undefined) this.#starts.set(name, this.#starts.has(name) ? undefined : i);
    }
  }

  /**
   * @param bus - the name of a USB bus; each is asked for once
   * @returns its devices, newest first as QEMU prints them; undefined when there is not exactly one such bus
   */
  devicesOn(bus: string): QtreeDevice[] | undefined {
    const lines = this.#lines;
    const start = this.#starts.get(bus);
    if (start === undefined) return undefined;
    const indent = indentOf(lines[start] ?? '');
    if (lines[start + 1] !== `${' '.repeat(indent + 2)}type usb-bus`) return undefined;
    let end = start + 1;
    while (end < lines.length && !endsBus(lines[end] ?? '', indent) && this.#read <= lines.length) {
      end++;
      this.#read++;
    }
    return this.#read > lines.length ? undefined : blocks(lines.slice(start + 2, end), indent + 2);
  }
}

function endsBus(line: string, indent: number): boolean {
  return line.trim() !== '' && indentOf(line) <= indent;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Cuts the body of a bus into its devices. Each begins with `dev:` at the same indent; its own lines are indented by two more. */
function blocks(body: readonly string[], indent: number): QtreeDevice[] {
  const heads = body.flatMap((line, i) => {
    const match = indentOf(line) === indent ? /^dev: (\S+), id "(.*)"$/.exec(line.trimStart()) : null;
    return match === null ? [] : [{ at: i, driver: match[1] ?? '', id: match[2] ?? '' }];
  });
  return heads.map(({ at, driver, id }, i) => {
    const own = body.slice(at + 1, heads[i + 1]?.at ?? body.length).filter((line) => indentOf(line) === indent + 2);
    const ports = own.flatMap((line) => /^ +port = "(.*)"$/.exec(line)?.[1] ?? []);
    const places = own.flatMap((line) => {
      const match = /^ +addr (\d+)\.\d+, port (\d+(?:\.\d+)*), speed ([\d.]+), name /.exec(line);
      return match === null ? [] : [{ bus: Number(match[1]), port: match[2] ?? '', megabits: Number(match[3]) }];
    });
    return { driver, id, requestedPort: ports[0] ?? '', place: places.length === 1 ? places[0] : undefined };
  });
}
