import type { FileFindings } from '../file-findings.js';
import { toldSpeed } from '../parse-speed.js';
import type { TextLine } from '../text-line.js';

/** A device in the output of `lsusb -t`. */
export interface TreeDevice {
  readonly line: TextLine;
  /** Undefined where it is not clear which hub the device is behind. */
  readonly chain: readonly number[] | undefined;
  readonly megabits: number | undefined;
  /** By interface number; undefined for an interface without a driver. */
  readonly drivers: Map<number, string | undefined>;
}

/** Five hubs in a chain and the device behind them (USB 2.0, 4.1.1). */
const DEEPEST = 6;

const ROOT = /^\s*\/:\s+Bus (\d{1,4})\.Port (\d{1,3}): Dev (\d{1,3}), Class=[^,]*, Driver=[^,]*, (\d+(?:\.\d+)?)M/;
const BELOW =
  /^\s*(?:\|\s*)*\|__ Port (\d{1,3}): Dev (\d{1,3})(?:, If (\d{1,3}), Class=.*?, Driver=([^,]*))?, (\d+(?:\.\d+)?)?M?/;

/** A device is indented by four columns more than its hub. If the difference is below two, blanks were lost. */
const LEAST_INDENT = 2;

/** @returns whether a line comes from `lsusb -t` */
export function isTreeLine(text: string): boolean {
  return /^\s*(\/:\s|(\|\s*)*\|__)/.test(text);
}

/**
 * Reads `lsusb -t` (usbutils, lsusb-t.c). It prints `/:  Bus 01.Port 1: Dev 1, …` for a root hub, and `|__ Port 2: Dev 3, If 0, Class=Mass
 * Storage, Driver=usb-storage, 480M` for each interface of the devices behind it, with more indentation for each hub on the way.
 */
export class LsusbTree {
  readonly #findings: FileFindings;
  readonly #devices = new Map<string, TreeDevice>();
  /** By bus and chain. */
  readonly #ports = new Map<string, TreeDevice>();
  #bus: number | undefined;
  /** The devices above the line, each with more indentation than the one before. */
  #above: { readonly indent: number; readonly chain: readonly number[] | undefined }[] = [];
  /** A hub was seen on this bus, so the lines after it may be behind that hub. */
  #hub = false;
  #saidLost = false;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  read(line: TextLine): void {
    const root = ROOT.exec(line.text);
    if (root !== null) {
      this.#bus = Number(root[1]);
      this.#hub = false;
      this.#above = [{ indent: line.text.indexOf('/:'), chain: [] }];
      this.#add(line, Number(root[3]), [], root[4]);
      return;
    }
    const [, port, address, number, driver, megabits] = BELOW.exec(line.text) ?? [];
    if (port === undefined || address === undefined) {
      this.#findings.line('unknown-line', line);
      if (/^\s*\/:/.test(line.text)) this.#bus = undefined;
      return;
    }
    if (this.#bus === undefined) {
      this.#findings.line('misplaced', line, { field: 'hub' });
      return;
    }
    const chain = this.#chainOf(line, Number(port), Number(address));
    if (chain === 'misplaced') {
      this.#findings.line('misplaced', line, { field: 'hub' });
      return;
    }
    const name = driver?.replace(/\/\d+p$/, '') ?? '';
    if (name === 'hub' || /, Class=hub,/i.test(line.text)) this.#hub = true;
    const device = this.#add(line, Number(address), chain, megabits);
    this.#above.push({ indent: line.text.indexOf('|__'), chain: device.chain });
    if (number !== undefined) device.drivers.set(Number(number), name === '' || name === '[none]' ? undefined : name);
  }

  /**
   * Only the indentation of a line shows which hub the device is behind. Before the first hub it does not matter if the indentation is
   * lost.
   */
  #chainOf(line: TextLine, port: number, address: number): readonly number[] | undefined | 'misplaced' {
    const indent = line.text.indexOf('|__');
    const [root] = this.#above;
    if (root !== undefined && indent - root.indent < LEAST_INDENT) {
      this.#above = [root];
      const known = this.#devices.get(`${this.#bus}.${address}`);
      if (known !== undefined) return known.chain;
      if (!this.#hub) return port < 1 ? 'misplaced' : [port];
      if (!this.#saidLost) this.#findings.line('indentation-lost', line);
      this.#saidLost = true;
      return undefined;
    }
    this.#above = this.#above.filter((one) => one.indent < indent);
    const hub = this.#above.at(-1);
    if (hub === undefined || port < 1) return 'misplaced';
    if (hub.chain === undefined) return undefined;
    return hub.chain.length >= DEEPEST ? 'misplaced' : [...hub.chain, port];
  }

  #add(
    line: TextLine,
    address: number,
    chain: readonly number[] | undefined,
    megabits: string | undefined,
  ): TreeDevice {
    const key = `${this.#bus}.${address}`;
    const known = this.#devices.get(key);
    if (known !== undefined) {
      if (known.chain?.join('.') !== chain?.join('.')) this.#findings.line('twice', line, { told: known.line.number });
      return known;
    }
    const port = chain === undefined ? undefined : `${this.#bus}-${chain.join('.')}`;
    const other = port === undefined ? undefined : this.#ports.get(port);
    if (other !== undefined) this.#findings.line('port-twice', line, { told: other.line.number });
    const made: TreeDevice = {
      line,
      chain: other === undefined ? chain : undefined,
      megabits: megabits === undefined ? undefined : toldSpeed(Number(megabits)),
      drivers: new Map(),
    };
    this.#devices.set(key, made);
    if (port !== undefined && other === undefined) this.#ports.set(port, made);
    return made;
  }

  /** @returns the devices by `BUS.DEVICE` */
  devices(): ReadonlyMap<string, TreeDevice> {
    return this.#devices;
  }
}
