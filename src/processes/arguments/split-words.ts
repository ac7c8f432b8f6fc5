/**
 * Options of QEMU 3.1 to 11.1 that take no argument (qemu-options.hx, without HAS_ARG). Every other option takes the next word, whatever
 * that is (system/vl.c, lookup_opt).
 */
const WITHOUT_ARGUMENT: ReadonlySet<string> = new Set([
  ...['h', 'help', 'version', 'mem-prealloc', 'audio-help', 'snapshot', 'usb', 'nographic', 'portrait'],
  ...['full-screen', 'win2k-hack', 'no-fd-bootchk', 'no-acpi', 'no-hpet', 'singlestep', 'preconfig', 'S', 's'],
  ...[
    'enable-kvm',
    'xen-attach',
    'xen-domid-restrict',
    'no-reboot',
    'no-shutdown',
    'daemonize',
    'only-migratable',
    'nodefaults',
    'no-user-config',
  ],
  ...[
    'async-teardown',
    'enable-sync-profile',
    'curses',
    'alt-grab',
    'ctrl-grab',
    'no-quit',
    'sdl',
    'show-cursor',
    'enable-fips',
  ],
  ...[
    'perfmap',
    'jitdump',
    'old-param',
    'semihosting',
    'no-kvm',
    'no-kvm-irqchip',
    'no-frame',
    'localtime',
    'nodefconfig',
  ],
  ...['enable-hax'],
]);

/** Words that are looked at; QEMU itself has no limit. A command line of libvirt has a few hundred. */
const MOST_WORDS = 20_000;

/** An option of a command line; `value` is empty for one without argument. */
export interface WordOption {
  /** Without dashes. */
  readonly name: string;
  readonly value: string;
}

/**
 * Divides a command line into its options, as QEMU does. A word that is no option, and no argument of one, names a disk: it is left out.
 *
 * @param argv - with the program as its first word
 */
export function splitWords(argv: readonly string[]): WordOption[] {
  const options: WordOption[] = [];
  const end = Math.min(argv.length, MOST_WORDS);
  for (let index = 1; index < end; index++) {
    const word = argv[index] ?? '';
    if (!word.startsWith('-')) continue;
    const name = word.slice(word.startsWith('--') ? 2 : 1);
    if (WITHOUT_ARGUMENT.has(name)) options.push({ name, value: '' });
    else {
      index++;
      if (index < end) options.push({ name, value: argv[index] ?? '' });
    }
  }
  return options;
}
