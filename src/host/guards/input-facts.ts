import type { SeatUse } from '../../diag/index.js';
import { pidsOf, processOf } from './holders.js';
import { type HostFiles, trimmed } from './host-files.js';
import type { ClassEntry } from './kernel-objects.js';

/** An input device of the host. */
export interface InputFacts {
  /** `input5` */
  readonly id: string;
  /** What it calls itself. Raw. */
  readonly name: string;
  /** The USB device above it. For a Bluetooth keyboard this is the adapter, if sysfs shows it. */
  readonly port: string | undefined;
  readonly keyboard: boolean;
  readonly pointer: boolean;
  /** Connected by Bluetooth. */
  readonly wireless: boolean;
  readonly seat: string;
  /** Names below /dev: `input/event3`. */
  readonly events: readonly string[];
}

/** BUS_BLUETOOTH in include/uapi/linux/input.h */
const BLUETOOTH = '0005';

/**
 * Reads the keyboards and pointers of the host. Devices that programs create (uinput) are left out, since they only pass on input from
 * elsewhere. Bluetooth keyboards, which bluetoothd creates (uhid), are real.
 *
 * @param wordBits - the length of a word in a capability bitmap, which is the kernel's `unsigned long`
 */
export function readInputs(
  files: HostFiles,
  entries: readonly ClassEntry[],
  wordBits: 32 | 64 = kernelWord(),
): readonly InputFacts[] {
  return entries.flatMap(({ name: id, path, port }): InputFacts[] => {
    if (!/^input\d+$/.test(id)) return [];
    const folder = `/sys/class/input/${id}`;
    const wireless = trimmed(files, `${folder}/id/bustype`) === BLUETOOTH;
    if (/(^|\/)devices\/virtual\//.test(path) && !wireless) return [];
    const bits = (kind: string): Bits => new Bits(trimmed(files, `${folder}/capabilities/${kind}`) ?? '', wordBits);
    const keyboard = isKeyboard(bits('key'));
    const pointer = isPointer(bits('key'), bits('rel'), bits('abs'));
    if (!keyboard && !pointer) return [];
    const name = files.text(`${folder}/name`)?.replace(/\n$/, '') ?? id;
    const events = (files.list(folder) ?? []).filter((one) => /^event\d+$/.test(one)).map((one) => `input/${one}`);
    return [{ id, name, port, keyboard, pointer, wireless, seat: seatOf(files, id), events }];
  });
}

function kernelWord(): 32 | 64 {
  return ['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch) ? 32 : 64;
}

/** A bitmap as sysfs writes it: words in hexadecimal, the highest first (drivers/input/input.c, input_print_bitmap). */
class Bits {
  readonly #words: readonly bigint[];
  readonly #wordBits: number;

  constructor(text: string, wordBits: number) {
    const words = text.split(/\s+/).filter((word) => /^[0-9a-f]{1,16}$/i.test(word));
    this.#words = words.map((word) => BigInt(`0x${word}`)).reverse();
    this.#wordBits = wordBits;
  }

  has(bit: number): boolean {
    const word = this.#words[Math.floor(bit / this.#wordBits)] ?? 0n;
    return ((word >> BigInt(bit % this.#wordBits)) & 1n) === 1n;
  }
}

/** A keyboard has Escape, the digits, and Q to D, which are keys 1 to 31. That is the rule of systemd's udev-builtin-input_id.c. */
function isKeyboard(keys: Bits): boolean {
  for (let key = 1; key < 32; key++) if (!keys.has(key)) return false;
  return true;
}

/**
 * The rule comes from the same file. A mouse has two axes and a left button; touchpads, screens and tablets have two absolute axes and
 * something to touch.
 */
function isPointer(keys: Bits, relative: Bits, absolute: Bits): boolean {
  const [x, y, left, touch, finger, pen] = [0, 1, 0x110, 0x14a, 0x145, 0x140];
  if (relative.has(x) && relative.has(y) && keys.has(left)) return true;
  return absolute.has(x) && absolute.has(y) && [left, touch, finger, pen].some((key) => keys.has(key));
}

/** The seat that udev's rules assigned (logind's 71-seat.rules); without udev there is one seat. */
function seatOf(files: HostFiles, id: string): string {
  return /^E:ID_SEAT=(\S+)$/m.exec(files.text(`/run/udev/data/+input:${id}`) ?? '')?.[1] ?? 'seat0';
}

/** Programs that read keyboards only for their power and volume keys. */
const KEY_WATCHERS: readonly string[] = ['systemd-logind', 'elogind', 'acpid', 'upowerd', 'thd'];

/**
 * Who uses a seat: a session that logind knows, a process on a virtual terminal of the kernel (getty, login, a shell, Xorg), or
 * one that has an input device of it open.
 *
 * @param readers - who has the event nodes of the device in question open
 * @returns undefined when nobody does
 */
export function useOfSeat(
  files: HostFiles,
  seat: string,
  readers: readonly { readonly pid: number; readonly name: string }[],
): SeatUse | undefined {
  const session = /^ACTIVE=(\S+)$/m.exec(files.text(`/run/systemd/seats/${seat}`) ?? '')?.[1];
  if (session !== undefined) {
    const user = /^USER=(\S+)$/m.exec(files.text(`/run/systemd/sessions/${session}`) ?? '')?.[1];
    return { by: 'session', session, user };
  }
  const reader = readers.find(({ name }) => !KEY_WATCHERS.includes(name));
  if (reader !== undefined) return { by: 'reader', process: reader };
  return seat === 'seat0' ? terminalUse(files) : undefined;
}

/** Virtual terminals belong to seat0. */
function terminalUse(files: HostFiles): SeatUse | undefined {
  for (const pid of pidsOf(files)) {
    const number = terminalOf(files, pid);
    if (number === undefined) continue;
    return { by: 'terminal', terminal: `tty${number}`, process: processOf(files, pid) };
  }
  return undefined;
}

/**
 * Major 4 with minors 1 to 63 is a virtual terminal (Documentation/admin-guide/devices.txt); field 7 of /proc/PID/stat has the number
 * (proc(5)).
 */
function terminalOf(files: HostFiles, pid: number): number | undefined {
  const stat = files.text(`/proc/${pid}/stat`) ?? '';
  // the command name is in brackets, and may contain spaces and brackets
  const number = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] ?? 0);
  const minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
  return ((number >>> 8) & 0xfff) === 4 && minor >= 1 && minor <= 63 ? minor : undefined;
}
