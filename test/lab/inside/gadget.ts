import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

/** What a gadget can be. */
export type GadgetFunction = 'acm' | 'ecm' | 'mass_storage' | 'hid';

/** A device of any identity. */
export interface GadgetSpec {
  /** `vvvv:pppp` in hexadecimal. */
  id: string;
  /** Mb/s. Only `hid` works at 1.5. */
  speed: 1.5 | 12 | 480 | 5000;
  functions: readonly GadgetFunction[];
  /** Text or raw bytes. Left out: the device has no such string. At most 126 bytes of UTF-8. */
  serial?: string | Uint8Array;
  product?: string | Uint8Array;
  manufacturer?: string | Uint8Array;
  /** `bcdDevice`: the release of the firmware. */
  release?: number;
  /** File behind a `mass_storage`. */
  file?: string;
}

const configfs = '/sys/kernel/config/usb_gadget';
const speedNames = { 1.5: 'low-speed', 12: 'full-speed', 480: 'high-speed', 5000: 'super-speed' } as const;

/** A HID with reports of one byte: eight keys. Low speed allows at most eight bytes per packet. */
const keypad = Uint8Array.from([
  ...[0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7],
  ...[0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0xc0],
]);

/** The device controllers of dummy_hcd: a gadget bound to one is plugged into the host side of it. */
function freeController(): string {
  const taken = new Set(readdirSync(configfs).map((name) => readFileSync(join(configfs, name, 'UDC'), 'utf8').trim()));
  const free = readdirSync('/sys/class/udc').find((name) => !taken.has(name));
  if (free === undefined) throw new Error('every dummy_hcd has a gadget already');
  return free;
}

/** A gadget in configfs, unplugged at first. A change of its identity while it is unplugged looks like a firmware flash. */
export class Gadget {
  readonly #folder: string;
  readonly #controller: string;
  #plugged = false;

  /** @param name - a name of its own in configfs */
  constructor(name: string, spec: GadgetSpec) {
    this.#controller = freeController();
    this.#folder = join(configfs, name);
    mkdirSync(join(this.#folder, 'configs/c.1'), { recursive: true });
    this.change(spec);
    for (const [index, kind] of spec.functions.entries()) this.#addFunction(kind, index, spec);
  }

  /** Writes another identity, for the next `plug`. Functions and speed stay. */
  change(spec: Omit<GadgetSpec, 'functions' | 'speed'> & { speed?: GadgetSpec['speed'] }): void {
    const [vendor, product] = spec.id.split(':');
    this.#write('idVendor', `0x${vendor}`);
    this.#write('idProduct', `0x${product}`);
    this.#write('bcdDevice', `0x${(spec.release ?? 0x0100).toString(16)}`);
    if (spec.speed !== undefined) this.#write('max_speed', speedNames[spec.speed]);
    const strings = { serialnumber: spec.serial, product: spec.product, manufacturer: spec.manufacturer };
    this.#removeStrings();
    if (Object.values(strings).some((text) => text !== undefined)) mkdirSync(join(this.#folder, 'strings/0x409'));
    for (const [file, text] of Object.entries(strings))
      if (text !== undefined) this.#write(`strings/0x409/${file}`, text);
  }

  /** Plugs it in. */
  plug(): void {
    this.#write('UDC', this.#controller);
    this.#plugged = true;
  }

  /** Unplugs it. */
  pull(): void {
    if (this.#plugged) this.#write('UDC', '\n');
    this.#plugged = false;
  }

  /** Unplugs it and removes it from configfs. */
  remove(): void {
    this.pull();
    const config = join(this.#folder, 'configs/c.1');
    for (const link of readdirSync(join(this.#folder, 'functions'))) {
      unlinkSync(join(config, link));
      rmdirSync(join(this.#folder, 'functions', link));
    }
    rmdirSync(config);
    this.#removeStrings();
    rmdirSync(this.#folder);
  }

  #removeStrings(): void {
    const folder = join(this.#folder, 'strings/0x409');
    if (existsSync(folder)) rmdirSync(folder);
  }

  #addFunction(kind: GadgetFunction, index: number, spec: GadgetSpec): void {
    const folder = `functions/${kind}.${basename(this.#folder)}${index}`;
    mkdirSync(join(this.#folder, folder));
    if (kind === 'hid') {
      for (const [file, value] of Object.entries({ protocol: '1', subclass: '1', report_length: '1' }))
        this.#write(`${folder}/${file}`, value);
      this.#write(`${folder}/report_desc`, keypad);
    }
    if (kind === 'mass_storage' && spec.file !== undefined) this.#write(`${folder}/lun.0/file`, spec.file);
    symlinkSync(join(this.#folder, folder), join(this.#folder, 'configs/c.1', basename(folder)));
  }

  #write(file: string, value: string | Uint8Array): void {
    writeFileSync(join(this.#folder, file), value);
  }
}
