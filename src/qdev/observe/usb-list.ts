/** One device of `x-query-usb`, which is the text of `info usb` (hw/usb/bus.c, hmp_info_usb). */
export interface UsbLine {
  /** QEMU's own number of the bus: a counter over all USB buses. */
  readonly bus: number;
  /** USB address that the guest gave it; 0 before that. */
  readonly address: number;
  /** Real port path. */
  readonly port: string;
  /** Mb/s; undefined where QEMU prints none that it knows. */
  readonly megabits: number | undefined;
  /** What follows `Product `: the name, which the device wrote, and `, ID: x` for a device with an id. May hold newlines. */
  readonly tail: string;
}

/**
 * Reads that text. QEMU prints the device's name as it is, newlines and all; it keeps 31 bytes of it, which is too short to
 * forge a whole line, and whoever uses the lines checks them against QOM all the same. A line of another form is the rest of the
 * name before it.
 */
export function parseUsbList(text: string): UsbLine[] {
  const lines: UsbLine[] = [];
  for (const line of text.split('\n')) {
    const match = /^ {2}Device (\d+)\.(\d+), Port (\d+(?:\.\d+)*), Speed ([\d.?]+) Mb\/s, Product (.*)$/.exec(line);
    const [, bus, address, port, speed, tail] = match ?? [];
    if (bus !== undefined && address !== undefined && port !== undefined && tail !== undefined) {
      const megabits = Number(speed);
      lines.push({
        bus: Number(bus),
        address: Number(address),
        port,
        megabits: megabits > 0 ? megabits : undefined,
        tail,
      });
      continue;
    }
    const last = lines.pop();
    if (last !== undefined) lines.push({ ...last, tail: `${last.tail}\n${line}` });
  }
  const last = lines.pop();
  if (last !== undefined) lines.push({ ...last, tail: last.tail.replace(/\r?\n$/, '') });
  return lines;
}

/** @returns whether the line may be that of a device with this id. Others can forge it; the right line always passes. */
export function mayBe(line: UsbLine, id: string | undefined): boolean {
  return id === undefined || line.tail.endsWith(`, ID: ${id}`);
}

/** @returns the product name in the line of the device with this id (undefined: one without) */
export function productOf(line: UsbLine, id: string | undefined): string {
  return id === undefined ? line.tail : line.tail.slice(0, line.tail.length - `, ID: ${id}`.length);
}
