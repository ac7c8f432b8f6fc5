import type { Colors } from 'picocolors/types.js';
import type { ServiceManager } from '../base/index.js';
import type { HostFiles, SysfsReader } from '../host/index.js';
import type { Watch } from '../registry/index.js';

/** What a command knows of the place where it was typed. Tests give one of their own. */
export interface Terminal {
  /** Results for people and programs. Neither this nor the next throws or waits. */
  out(text: string): void;
  /** Progress, warnings, errors. */
  err(text: string): void;
  /** Receives each step of an operation in words, one line; then none of them goes to `err`. */
  onProgress?(what: string): void;
  /** Aborts when nobody reads the results any more, or they can't be written. */
  readonly outEnded?: AbortSignal | undefined;
  /** Colours for stdout and stderr each: they can be different things. */
  readonly outColors: Colors;
  readonly errColors: Colors;
  /** Width of stdout in columns; undefined where it is no terminal: tables are whole then, trees have a width of their own. */
  readonly columns: number | undefined;
  /** The same of stderr. */
  readonly errColumns: number | undefined;
  /** Whether stderr is the journal of systemd, which takes a line's priority from its beginning (sd-daemon(3)). */
  readonly errIsJournal?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Who types: 0 is root. */
  readonly uid: number;
  /** What `-` stands for where a file is named; default standard input. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  /** The host's USB devices, where they are not those of this machine. */
  readonly sysfs?: SysfsReader | undefined;
  /** The words that start this program again; undefined where it is a part of another. */
  readonly program?: readonly string[] | undefined;
  /** What a service manager handed over. */
  readonly manager?: ServiceManager | undefined;
  /** The folder of systemd's units, where it is not that of this user. Never taken from the environment. */
  readonly units?: string | undefined;
  /** /proc and what else tells why the host needs a device, where it is not that of this machine. */
  readonly files?: HostFiles | undefined;
  /** The host's policy, where it is not /etc/qplug/policy.yaml. Never taken from the environment. */
  readonly policy?: string | undefined;
  /** Told of each step of a transaction as it is written down. */
  readonly watch?: Watch | undefined;
  /** Aborts at Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}
