/** One option of a command line, split as by QEMU's parser. */
export interface GivenOption {
  /** Without its dashes: QEMU accepts `-m` and `--m` alike. Undefined for a word without a dash, which is a disk image. */
  readonly flag: string | undefined;
  readonly value: string | undefined;
  /** Index of its first word. */
  readonly index: number;
}

/** The options without a value (qemu-options.hx, HAS_ARG absent), versions 4.2 to 11. Every other option uses the next word. */
const BARE: ReadonlySet<string> = new Set(
  `h help version audio-help S s usb daemonize snapshot nographic curses sdl portrait full-screen no-frame
  alt-grab ctrl-grab no-quit win2k-hack no-fd-bootchk no-acpi no-hpet no-reboot no-shutdown nodefaults no-user-config
  nouserconfig mem-prealloc enable-kvm enable-fips no-kvm singlestep one-insn-per-tb preconfig only-migratable old-param
  semihosting xen-attach xen-domid-restrict enable-sync-profile async-teardown prom-env-help`.split(/\s+/),
);

/** @returns the options of `qemu.args`, in order */
export function parseQemuArgs(args: readonly string[]): GivenOption[] {
  const options: GivenOption[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (!word.startsWith('-') || word === '-') {
      options.push({ flag: undefined, value: word, index });
      continue;
    }
    const flag = word.replace(/^--?/, '');
    const value = BARE.has(flag) ? undefined : args[index + 1];
    options.push({ flag, value, index });
    if (value !== undefined) index++;
  }
  return options;
}

/**
 * @param value - of `-device`, `-drive`, `-chardev` and the like: `driver,key=value,…` with doubled commas, or JSON
 * @param implied - the key of a first part without `=`
 * @returns its properties as text; empty for JSON that can't be parsed
 */
export function parseProperties(value: string, implied: string): ReadonlyMap<string, string> {
  if (value.trimStart().startsWith('{')) return jsonProperties(value);
  const parts = value.replaceAll(',,', '\0').split(',');
  return new Map(
    parts.map((part, i): [string, string] => {
      const text = part.replaceAll('\0', ',');
      const equals = text.indexOf('=');
      if (equals >= 0) return [text.slice(0, equals), text.slice(equals + 1)];
      return i === 0 ? [implied, text] : [text, 'on'];
    }),
  );
}

function jsonProperties(text: string): ReadonlyMap<string, string> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return new Map();
    return new Map(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
  } catch {
    // QEMU will report the error.
    return new Map();
  }
}

/** @returns the PCI slot of the root bus that the properties of a `-device` name; undefined if they name none there */
export function rootSlot(properties: ReadonlyMap<string, string>): number | undefined {
  const address = properties.get('addr');
  const onRootBus = ['', 'pci.0', 'pcie.0'].includes(properties.get('bus') ?? '');
  const slot = address === undefined || !onRootBus ? Number.NaN : Number.parseInt(address, 16);
  return Number.isNaN(slot) ? undefined : slot;
}

/** @returns the PCI slots of the root bus that `qemu.args` fill */
export function rootSlotsOf(args: readonly string[]): ReadonlySet<number> {
  return new Set(
    parseQemuArgs(args).flatMap(({ flag, value = '' }) => {
      const slot = flag === 'device' ? rootSlot(parseProperties(value, 'driver')) : undefined;
      return slot ?? [];
    }),
  );
}

/** @returns whether the arguments request a VM that stays paused (`-S`): then qplug does not resume it after its start */
export function startsPaused(args: readonly string[]): boolean {
  return parseQemuArgs(args).some(({ flag }) => flag === 'S');
}
