import type { Monitor } from '../monitor.js';
import { placeOfChardev } from './place-of-chardev.js';
import { type ConfigGroup, readConfig } from './read-config.js';
import { readDeviceText } from './read-device-text.js';
import { type Properties, readProperties } from './read-properties.js';
import { splitWords, type WordOption } from './split-words.js';

/** What a QEMU command line says of its VM. */
export interface Arguments {
  /** `-name`; undefined without one. */
  readonly name: string | undefined;
  /** `-machine` or `-M`, without its properties; undefined without one. */
  readonly machine: string | undefined;
  /** In the order of the words. */
  readonly monitors: readonly Monitor[];
}

/** Characters of a name, a machine, and the words for a place: the rest is cut. */
const MOST_CHARACTERS = 1024;

/** Monitors of one QEMU that are reported, and files of `-readconfig` that are read. */
const MOST_MONITORS = 64;
const MOST_FILES = 16;

/** Bytes of the label that QEMU makes of `chardev:ID` (system/vl.c, monitor_parse). */
const LABEL_BYTES = 31;

/**
 * Reads the command line of a QEMU: name, machine, and all ways to name a monitor. `-chardev`, `-mon` and `-machine` take no JSON (QEMU 5.2 to
 * 11.1 refuse it).
 *
 * @param argv - with the program as its first word
 * @param readFile - gives the text of a file of `-readconfig`; undefined if it is not there any more
 */
export function readArguments(argv: readonly string[], readFile: (path: string) => string | undefined): Arguments {
  const reading = new Reading(readFile);
  for (const option of splitWords(argv)) reading.take(option);
  return reading.end();
}

/** A monitor before its character device is known: that may follow later. */
interface NamedMonitor {
  readonly protocol: Monitor['protocol'];
  readonly chardev: Properties | string;
}

class Reading {
  readonly #readFile: (path: string) => string | undefined;
  readonly #chardevs = new Map<string, Map<string, string>>();
  readonly #monitors: NamedMonitor[] = [];
  #name: string | undefined;
  #machine: string | undefined;
  #files = 0;
  #isDaemon = false;
  #isGraphic = true;
  #hasDefaultMonitor = true;

  constructor(readFile: (path: string) => string | undefined) {
    this.#readFile = readFile;
  }

  /** What each option does; all others say nothing about monitors. */
  readonly #actions: Readonly<Record<string, (value: string) => void>> = {
    name: (value) => this.#takeGroup({ group: 'name', id: undefined, properties: readProperties(value, 'guest') }),
    M: (value) => this.#takeMachine(value),
    machine: (value) => this.#takeMachine(value),
    chardev: (value) => {
      const properties = readProperties(value, 'backend');
      this.#takeGroup({ group: 'chardev', id: properties.get('id'), properties });
    },
    mon: (value) => {
      this.#hasDefaultMonitor = false;
      this.#takeGroup({ group: 'mon', id: undefined, properties: readProperties(value, 'chardev') });
    },
    qmp: (value) => this.#takeMonitor('qmp', value),
    'qmp-pretty': (value) => this.#takeMonitor('qmp', value),
    monitor: (value) => this.#takeMonitor('hmp', value),
    serial: (value) => this.#takeLine(value),
    parallel: (value) => this.#takeLine(value),
    debugcon: (value) => this.#takeLine(value),
    set: (value) => this.#set(value),
    readconfig: (value) => this.#takeFile(value),
    nodefaults: () => {
      this.#hasDefaultMonitor = false;
    },
    nographic: () => {
      this.#isGraphic = false;
    },
    daemonize: () => {
      this.#isDaemon = true;
    },
  };

  take({ name, value }: WordOption): void {
    if (Object.hasOwn(this.#actions, name)) this.#actions[name]?.(value);
  }

  /** Without another monitor QEMU makes one (system/vl.c, qemu_create_default_devices). */
  end(): Arguments {
    const made: NamedMonitor[] = this.#hasDefaultMonitor
      ? [{ protocol: 'hmp', chardev: new Map([['backend', this.#isGraphic ? 'vc' : 'stdio']]) }]
      : [];
    const monitors = [...this.#monitors, ...made].map((one): Monitor => this.#placed(one));
    return { name: shortened(this.#name), machine: shortened(this.#machine), monitors };
  }

  /** A daemon has left the folder from which its relative paths count (os-posix.c, os_setup_post). */
  #placed({ protocol, chardev }: NamedMonitor): Monitor {
    const there = typeof chardev === 'string' ? this.#chardevs.get(chardev) : chardev;
    if (there === undefined)
      return { protocol, place: { kind: 'other', what: `chardev:${String(chardev)}`.slice(0, MOST_CHARACTERS) } };
    return { protocol, place: placeOfChardev(there, !this.#isDaemon) };
  }

  #takeGroup({ group, id, properties }: ConfigGroup): void {
    if (group === 'name') this.#name = properties.get('guest') ?? this.#name;
    else if (group === 'machine') this.#machine = properties.get('type') ?? this.#machine;
    else if (group === 'chardev') {
      // QEMU refuses a second one of the same id
      if (id !== undefined && !this.#chardevs.has(id)) this.#chardevs.set(id, new Map(properties));
    } else if (group === 'mon') {
      const mode = properties.get('mode') ?? 'readline';
      const chardev = properties.get('chardev');
      if (chardev === undefined) return;
      if (mode === 'control') this.#add({ protocol: 'qmp', chardev });
      else if (mode === 'readline') this.#add({ protocol: 'hmp', chardev });
    }
  }

  #takeMachine(value: string): void {
    this.#takeGroup({ group: 'machine', id: undefined, properties: readProperties(value, 'type') });
  }

  #takeMonitor(protocol: Monitor['protocol'], value: string): void {
    this.#hasDefaultMonitor = false;
    // four bytes are compared (system/vl.c)
    if (protocol === 'hmp' && value.startsWith('none')) return;
    if (value.startsWith('chardev:')) this.#add({ protocol, chardev: value.slice(8, 8 + LABEL_BYTES) });
    else this.#takeText(protocol, value);
  }

  /** A serial or parallel line with `mon:` has a monitor beside it (chardev/char.c, qemu_chr_new_from_name). */
  #takeLine(value: string): void {
    if (value.startsWith('mon:')) this.#takeText('hmp', value);
  }

  #takeText(protocol: Monitor['protocol'], value: string): void {
    const chardev = readDeviceText(value);
    if (chardev !== undefined) this.#add({ protocol, chardev });
  }

  #add(monitor: NamedMonitor): void {
    if (this.#monitors.length < MOST_MONITORS) this.#monitors.push(monitor);
  }

  #takeFile(path: string): void {
    if (++this.#files > MOST_FILES) return;
    for (const group of readConfig(this.#readFile(path) ?? '')) this.#takeGroup(group);
  }

  /** `-set chardev.ID.name=value` (util/qemu-config.c, qemu_set_option). */
  #set(value: string): void {
    const [, group, id = '', name = '', text = ''] =
      /^([^.]{1,63})\.([^.]{1,63})\.([^=]{1,63})=(.*)$/s.exec(value) ?? [];
    if (group === 'chardev') this.#chardevs.get(id)?.set(name, text);
  }
}

function shortened(text: string | undefined): string | undefined {
  return text?.slice(0, MOST_CHARACTERS);
}
