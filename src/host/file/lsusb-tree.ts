import type { FileFindings, TextLine } from './file-findings.js';

/** A device in the output of `lsusb -t`. */
export interface TreeDevice {
  readonly line: TextLine;
  readonly chain: readonly number[];
  readonly megabits: number | undefined;
  /** By interface number; undefined where there is none. */
  readonly drivers: Map<number, string | undefined>;
}

/** Five hubs in a row and the device behind them (USB 2.0, 4.1.1). */
const DEEPEST = 6;

const ROOT = /^\s*\/:\s+Bus (\d{1,4})\.Port (\d{1,3}): Dev (\d{1,3}), Class=[^,]*, Driver=[^,]*, (\d+(?:\.\d+)?)M/;
const BELOW =
  /^\s*(?:\|\s*)*\|__ Port (\d{1,3}): Dev (\d{1,3})(?:, If (\d{1,3}), Class=.*?, Driver=([^,]*))?, (\d+(?:\.\d+)?)?M?/;

/** @returns whether it is of `lsusb -t` */
export function isTreeLine(text: string): boolean {
  return /^\s*(\/:\s|(\|\s*)*\|__)/.test(text);
}

/**
 * Reads `lsusb -t` (usbutils, lsusb-t.c): `/:  Bus 01.Port 1: Dev 1, …` for a root hub, and for each interface of what hangs on it
 * `|__ Port 2: Dev 3, If 0, Class=Mass Storage, Driver=usb-storage, 480M`, further in for each hub between.
 */
export class LsusbTree {
  readonly #findings: FileFindings;
  readonly #devices = new Map<string, TreeDevice>();
  #bus: number | undefined;
  /** The devices above, each further in than the one before. */
  #above: { readonly indent: number; readonly chain: readonly number[] }[] = [];

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  read(line: TextLine): void {
    const root = ROOT.exec(line.text);
    if (root !== null) {
      this.#bus = Number(root[1]);
      this.#above = [{ indent: -1, chain: [] }];
      this.#add(line, Number(root[3]), [], root[4]);
      return;
    }
    const [, port, address, number, driver, megabits] = BELOW.exec(line.text) ?? [];
    if (port === undefined || address === undefined) {
      this.#findings.line('unknown-line', line);
      if (/^\s*\/:/.test(line.text)) this.#bus = undefined;
      return;
    }
    const indent = line.text.indexOf('|__');
    this.#above = this.#above.filter((one) => one.indent < indent);
    const hub = this.#above.at(-1);
    if (this.#bus === undefined || hub === undefined || hub.chain.length >= DEEPEST || Number(port) < 1) {
      this.#findings.line('misplaced', line, { field: 'hub' });
      return;
    }
    const chain = [...hub.chain, Number(port)];
    this.#above.push({ indent, chain });
    const device = this.#add(line, Number(address), chain, megabits);
    if (number === undefined) return;
    const name = driver?.replace(/\/\d+p$/, '') ?? '';
    device.drivers.set(Number(number), name === '' || name === '[none]' ? undefined : name);
  }

  #add(line: TextLine, address: number, chain: readonly number[], megabits: string | undefined): TreeDevice {
    const key = `${this.#bus}.${address}`;
    const known = this.#devices.get(key);
    if (known !== undefined) {
      if (known.chain.join('.') !== chain.join('.')) this.#findings.line('twice', line, { told: known.line.number });
      return known;
    }
    const speed = megabits === undefined ? undefined : Number(megabits);
    const made: TreeDevice = { line, chain, megabits: speed, drivers: new Map() };
    this.#devices.set(key, made);
    return made;
  }

  /** @returns by `BUS.DEVICE` */
  devices(): ReadonlyMap<string, TreeDevice> {
    return this.#devices;
  }
}
