/** One device of `x-query-usb`, which is the text of `info usb` (hw/usb/bus.c, hmp_info_usb). */
export interface UsbLine {
  /** QEMU's own number for the bus: a counter over all USB buses. */
  readonly bus: number;
  /** The USB address that the guest gave the device; 0 before that. */
  readonly address: number;
  /** Real port path. */
  readonly port: string;
  /** Mb/s; undefined where QEMU prints `?`. */
  readonly megabits: number | undefined;
  /** The text after `Product `: the name, which the device wrote, and `, ID: x` for a device with an id. May hold newlines. */
  readonly tail: string;
}

/**
 * Reads the text of `info usb`. QEMU prints a device's name as it is, newlines included. It keeps only 31 bytes of the name, too few
 * to forge a whole line; still, the code that uses the lines checks them against QOM. A line of another form is the rest of the
 * name on the line before it.
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

/** @returns whether the line may be that of a device with this id. Another device can forge it, but the right line always passes. */
export function mayBe(line: UsbLine, id: string | undefined): boolean {
  return id === undefined || line.tail.endsWith(`, ID: ${id}`);
}

/** @returns the product name in the line of the device with this id (undefined: one without) */
export function productOf(line: UsbLine, id: string | undefined): string {
  return id === undefined ? line.tail : line.tail.slice(0, line.tail.length - `, ID: ${id}`.length);
}
