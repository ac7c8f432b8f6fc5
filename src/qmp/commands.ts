/** The commands that qplug uses, as QEMU 5.2 to 11 know them (qapi/*.json). Any other goes through `executeAny`. */
export interface QmpCommands {
  'query-version': Command<
    None,
    {
      readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number };
      readonly package: string;
    }
  >;
  'query-status': Command<None, { readonly status: RunState; readonly running: boolean }>;
  'query-name': Command<None, { readonly name?: string }>;
  'query-uuid': Command<None, { readonly UUID: string }>;
  'query-kvm': Command<None, { readonly enabled: boolean; readonly present: boolean }>;
  'query-commands': Command<None, readonly { readonly name: string }[]>;
  'query-qmp-schema': Command<None, readonly SchemaInfo[]>;
  'query-pci': Command<None, readonly PciInfo[]>;
  'query-block': Command<None, readonly BlockInfo[]>;
  'query-chardev': Command<
    None,
    readonly { readonly label: string; readonly filename: string; readonly 'frontend-open': boolean }[]
  >;
  /** From 6.2; the text of HMP's `info usb`. */
  'x-query-usb': Command<None, { readonly 'human-readable-text': string }>;
  device_add: Command<DeviceAdd, Empty>;
  /** `id` is a qdev id or an absolute QOM path. Answered at once; the device is gone with DEVICE_DELETED. */
  device_del: Command<{ readonly id: string }, Empty>;
  'device-list-properties': Command<{ readonly typename: string }, readonly ObjectProperty[]>;
  'object-add': Command<{ readonly 'qom-type': string; readonly id: string }, Empty>;
  'object-del': Command<{ readonly id: string }, Empty>;
  'qom-list': Command<{ readonly path: string }, readonly ObjectProperty[]>;
  'qom-get': Command<{ readonly path: string; readonly property: string }, unknown>;
  'qom-set': Command<{ readonly path: string; readonly property: string; readonly value: unknown }, Empty>;
  'qom-list-types': Command<
    { readonly implements?: string; readonly abstract?: boolean },
    readonly { readonly name: string; readonly abstract?: boolean; readonly parent?: string }[]
  >;
  'blockdev-add': Command<
    { readonly driver: string; readonly 'node-name': string; readonly [option: string]: unknown },
    Empty
  >;
  'blockdev-del': Command<{ readonly 'node-name': string }, Empty>;
  /** A failure of the human command comes back as a text, not as an error. */
  'human-monitor-command': Command<{ readonly 'command-line': string; readonly 'cpu-index'?: number }, string>;
  /** Answered at once; `query-migrate` tells how it goes on. */
  migrate: Command<{ readonly uri: string }, Empty>;
  migrate_cancel: Command<None, Empty>;
  'query-migrate': Command<None, MigrationInfo>;
  'query-migrate-capabilities': Command<None, readonly MigrationCapability[]>;
  'migrate-set-capabilities': Command<{ readonly capabilities: readonly MigrationCapability[] }, Empty>;
  cont: Command<None, Empty>;
  stop: Command<None, Empty>;
  quit: Command<None, Empty>;
  system_powerdown: Command<None, Empty>;
  system_reset: Command<None, Empty>;
}

export interface MigrationCapability {
  readonly capability: string;
  readonly state: boolean;
}

/** How the last migration stands (qapi/migration.json, MigrationInfo); empty where there was none. */
export interface MigrationInfo {
  /** `setup`, `active`, `device`, `cancelling`, …; `completed`, `failed` and `cancelled` when it is over. */
  readonly status?: string;
  /** Memory in bytes; while it is active and when it has completed. */
  readonly ram?: {
    readonly total: number;
    readonly transferred: number;
    readonly remaining: number;
    /** Mb/s. */
    readonly mbps: number;
    readonly [member: string]: unknown;
  };
  /** ms since it began, or that it took. */
  readonly 'total-time'?: number;
  /** ms that the guest stood still; only when it has completed. */
  readonly downtime?: number;
  readonly 'error-desc'?: string;
  /** Why none could begin; from 6.0. */
  readonly 'blocked-reasons'?: readonly string[];
  readonly [member: string]: unknown;
}

/** What one command takes and gives. */
interface Command<A, R> {
  readonly arguments: A;
  readonly returns: R;
}

/** No arguments; `{}` is accepted too. */
type None = Readonly<Record<never, never>>;
/** `{}`, QEMU's word for "done". */
type Empty = Readonly<Record<string, never>>;

export type QmpCommandName = keyof QmpCommands;
export type ArgumentsOf<C extends QmpCommandName> = QmpCommands[C]['arguments'];
export type ReturnOf<C extends QmpCommandName> = QmpCommands[C]['returns'];

/**
 * `device_add`: the driver's own properties stand beside `driver`. Types matter from QEMU 9.2 on: a number is not taken
 * for a string any more (docs/about/removed-features.rst).
 */
export interface DeviceAdd {
  readonly driver: string;
  readonly id?: string;
  readonly bus?: string;
  readonly [property: string]: string | number | boolean | undefined;
}

/** qapi/run-state.json; newer versions may know more. */
export type RunState =
  | 'prelaunch'
  | 'running'
  | 'paused'
  | 'suspended'
  | 'shutdown'
  | 'inmigrate'
  | 'postmigrate'
  | 'finish-migrate'
  | 'restore-vm'
  | 'save-vm'
  | 'debug'
  | 'watchdog'
  | 'guest-panicked'
  | 'internal-error'
  | 'io-error'
  | 'colo';

/** A QOM property as `qom-list` and `device-list-properties` tell it. `type` is `child<T>`, `link<T>`, `str`, `uint32`, … */
export interface ObjectProperty {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
  readonly 'default-value'?: unknown;
}

/** One entry of the introspection (qapi/introspect.json); the members depend on `meta-type`. */
export interface SchemaInfo {
  readonly name: string;
  readonly 'meta-type': string;
  readonly features?: readonly string[];
  readonly [member: string]: unknown;
}

export interface PciInfo {
  readonly bus: number;
  readonly devices: readonly PciDevice[];
}

export interface PciDevice {
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
  readonly class_info: { readonly class: number; readonly desc?: string };
  readonly id: { readonly vendor: number; readonly device: number };
  readonly qdev_id: string;
  /** What is behind a bridge. */
  readonly pci_bridge?: { readonly devices?: readonly PciDevice[]; readonly [member: string]: unknown };
}

export interface BlockInfo {
  readonly device: string;
  readonly qdev?: string;
  readonly inserted?: {
    readonly file: string;
    readonly 'node-name'?: string;
    readonly ro: boolean;
    readonly [member: string]: unknown;
  };
}
