import type { MigrationCapability, QmpReplies } from './generated/replies.js';

/**
 * The arguments of each command that qplug uses, as QEMU 5.2 to 11 know them (qapi/*.json). What a command returns is in
 * replies.schema.json. Any other command goes through `executeAny`.
 */
interface Taken {
  'query-version': None;
  'query-status': None;
  'query-name': None;
  'query-uuid': None;
  'query-kvm': None;
  'query-commands': None;
  'query-qmp-schema': None;
  'query-pci': None;
  'query-block': None;
  'query-chardev': None;
  'query-cpus-fast': None;
  /** From 6.2; the text of HMP's `info usb`. */
  'x-query-usb': None;
  device_add: DeviceAdd;
  /** `id` is a qdev id or an absolute QOM path. QEMU answers at once; the device is gone when DEVICE_DELETED comes. */
  device_del: { readonly id: string };
  'device-list-properties': { readonly typename: string };
  'object-add': { readonly 'qom-type': string; readonly id: string };
  'object-del': { readonly id: string };
  'qom-list': { readonly path: string };
  'qom-get': { readonly path: string; readonly property: string };
  'qom-set': { readonly path: string; readonly property: string; readonly value: unknown };
  'qom-list-types': { readonly implements?: string; readonly abstract?: boolean };
  'blockdev-add': { readonly driver: string; readonly 'node-name': string; readonly [option: string]: unknown };
  'blockdev-del': { readonly 'node-name': string };
  /** From 6.0; it starts a job, see `query-jobs`. */
  'snapshot-save': SnapshotJob & { readonly vmstate: string };
  'snapshot-load': SnapshotJob & { readonly vmstate: string };
  'snapshot-delete': SnapshotJob;
  'query-jobs': None;
  'job-dismiss': { readonly id: string };
  /** A failure of the human command comes back as a text, not as an error. */
  'human-monitor-command': { readonly 'command-line': string; readonly 'cpu-index'?: number };
  /** QEMU answers at once; `query-migrate` reports the progress. */
  migrate: { readonly uri: string };
  migrate_cancel: None;
  'query-migrate': None;
  'query-migrate-capabilities': None;
  'migrate-set-capabilities': { readonly capabilities: readonly MigrationCapability[] };
  cont: None;
  stop: None;
  quit: None;
  system_powerdown: None;
  system_reset: None;
}

/** The commands that qplug uses, each with what it takes and what it returns. */
export type QmpCommands = {
  readonly [C in keyof Taken]: { readonly arguments: Taken[C]; readonly returns: QmpReplies[C] };
};

/** No arguments; `{}` is accepted too. */
type None = Readonly<Record<never, never>>;

/** The common arguments of the jobs for saved states: the job's name, the state's name, and the block nodes that hold the state. */
interface SnapshotJob {
  readonly 'job-id': string;
  readonly tag: string;
  readonly devices: readonly string[];
}

export type QmpCommandName = keyof QmpCommands;
export type ArgumentsOf<C extends QmpCommandName> = QmpCommands[C]['arguments'];
export type ReturnOf<C extends QmpCommandName> = QmpCommands[C]['returns'];

/**
 * `device_add`: the driver's own properties stand beside `driver`. Types matter from QEMU 9.2 on: it no longer takes a number
 * for a string (docs/about/removed-features.rst).
 */
export interface DeviceAdd {
  readonly driver: string;
  readonly id?: string;
  readonly bus?: string;
  readonly [property: string]: string | number | boolean | undefined;
}
