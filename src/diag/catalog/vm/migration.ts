import type { Text } from '../../finding.js';
import { advice, options, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

interface MigrationUriInvalid {
  uri: string;
  problem: 'exec' | 'fd' | 'rdma' | 'unknown' | 'path' | 'path-too-long' | 'offset' | 'host' | 'no-port' | 'port';
}

/** A device of a VM: its id, or its path in QOM, and where it sits. */
interface Sitting {
  readonly id: string;
  /** How people call it; an emulated one by its model. */
  readonly label: string;
  readonly bus: string;
  readonly port: string | undefined;
}

const PROBLEMS: Readonly<Record<MigrationUriInvalid['problem'], string>> = {
  exec: 'exec: would make QEMU run a command with its own rights',
  fd: "fd: names a file descriptor inside QEMU, which a command line can't pass to it",
  rdma: "rdma: gives the other side direct access to memory, and qplug can't see whether the guest arrived",
  unknown: 'it is not one of unix:PATH, tcp:HOST:PORT and file:PATH',
  path: 'it has no path of a file or socket',
  'path-too-long': 'the path of a unix socket has at most 107 bytes',
  offset: 'QEMU reads ,offset= in a path as an option',
  host: 'its host is not a valid name or address (an IPv6 address goes into brackets)',
  'no-port': 'tcp: needs a host and a port: tcp:HOST:PORT',
  port: 'a port is a number from 1 to 65535',
};

const sits = ({ id, label, bus, port }: Sitting): string =>
  `${printable(label)} (${printable(id)}) on ${printable(bus)} port ${printable(port ?? 'unknown')}`;

const seats = (devices: readonly Sitting[]): string => devices.map(sits).join('; ');

const detachAll = (vm: string, devices: readonly Sitting[]) => sh`qplug detach ${vm} ${devices.map(({ id }) => id)}`;

export const migration = {
  'migration-uri-invalid': {
    kind: 'usage',
    text: ({ uri, problem }: MigrationUriInvalid): Text => ({
      what: `can't send a guest to ${printable(uri)}`,
      why: PROBLEMS[problem],
      fix: advice('qplug migrate VM unix:/run/other.sock, tcp:HOST:PORT, tcp:[ADDRESS]:PORT or file:/path/of/state'),
    }),
  },
  /** `state`: QEMU's run state. */
  'not-migratable': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `can't migrate ${printable(vm)}`,
      why:
        state === 'postmigrate'
          ? 'its guest has already left, or a migration failed while the guest was stopped; QEMU sends no guest twice'
          : state === 'inmigrate'
            ? 'it waits for an incoming guest'
            : `its guest is ${printable(state)}`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  /** Devices of the host that it has. */
  'migration-holds-devices': {
    kind: 'refused',
    text: ({ vm, uri, devices }: { vm: string; uri: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has devices of this host, which can't migrate with it`,
      where: seats(devices),
      why: 'QEMU would migrate anyway, and the guest would lose them without an error',
      fix: [
        sh`qplug migrate ${vm} ${uri} --with-detached`,
        advice('unplugs them first, and plugs them in again if the migration fails; or: ', detachAll(vm, devices)),
      ],
    }),
  },
  /** Those of them that qplug could not plug in again where they are if the migration failed. */
  'migration-irrevocable': {
    kind: 'refused',
    text: ({ vm, devices }: { vm: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has devices of this host that qplug could not plug in again if the migration failed`,
      where: seats(devices),
      why: 'they have no id, or QEMU was given a filter for them instead of one exact device',
      fix: detachAll(vm, devices),
    }),
  },
  /** Emulated devices that QEMU can't migrate. */
  'migration-blocked-by-devices': {
    kind: 'refused',
    text: ({ vm, devices }: { vm: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has emulated devices that QEMU can't migrate`,
      where: seats(devices),
      why: "QEMU can't save their state, so it refuses to migrate with them",
      fix: [detachAll(vm, devices), advice('or remove them from its file, for the next start')],
    }),
  },
  /** `reasons`: QEMU's own words. */
  'migration-blocked': {
    kind: 'refused',
    text: ({ vm, reasons }: { vm: string; reasons: readonly string[] }): Text => ({
      what: `QEMU can't migrate ${printable(vm)}`,
      why: reasons.map((reason) => printable(reason)).join('; '),
    }),
  },
  'migration-file-unknown': {
    kind: 'failed',
    text: ({ vm, version }: { vm: string; version: string }): Text => ({
      what: `the QEMU of ${printable(vm)} can't migrate into a file`,
      why: `it is version ${printable(version)}, and file: needs 8.2`,
      fix: advice('Send the guest to a QEMU that listens: unix:PATH or tcp:HOST:PORT'),
    }),
  },
  'migration-file-exists': {
    kind: 'refused',
    text: ({ path: file }: { path: string }): Text => ({
      what: 'the file already exists, and QEMU would overwrite it',
      where: printable(file),
      fix: [sh`rm ${path(file)}`, advice('or choose another name')],
    }),
  },
  'migration-nobody-listens': {
    kind: 'not-found',
    text: ({ path: socket, there }: { path: string; there: 'nothing' | 'no-socket' }): Text => ({
      what: 'no QEMU listens on this socket; nothing was changed',
      where: printable(socket),
      why: there === 'nothing' ? 'it does not exist' : 'it is not a socket',
      fix: advice('Start the other QEMU first, with ', options`-incoming ${`unix:${socket}`}`),
    }),
  },
  /** `reason`: QEMU's, undefined if it gives none · `run`: QEMU's run state now. */
  'migration-failed': {
    kind: 'failed',
    text: ({ target, reason, run }: { target: string; reason: string | undefined; run: string }): Text => ({
      what: `the migration to ${printable(target)} failed; the guest stays here (${printable(run)})`,
      why:
        reason === undefined
          ? 'QEMU gives no reason here; the other QEMU prints on its stderr why it refused the guest'
          : printable(reason),
      fix: advice(
        'Read what the other QEMU printed; it needs the same machine, the same USB controllers at the same PCI addresses, and the same emulated devices on the same ports',
      ),
    }),
  },
  /** qplug could no longer cancel it. */
  'migration-went-through': {
    kind: 'failed',
    text: ({ migration }: { migration: string }): Text => ({
      what: 'the migration succeeded anyway; the guest now runs there',
      where: printable(migration),
      fix: advice('qplug kill VM ends the process that is left here'),
    }),
  },
  'migrated-away': {
    kind: 'failed',
    text: ({ vm }: { vm: string }): Text => ({
      what: `the guest of ${printable(vm)} has moved to another QEMU or into a file; only its empty process is left here`,
      why: 'if the guest continued here too, two guests would write to the same disks',
      fix: [sh`qplug kill ${vm}`, advice('or, if the other side has certainly lost it: ', sh`qplug qmp ${vm} cont`)],
    }),
  },
  'awaits-guest': {
    kind: 'failed',
    text: ({ vm }: { vm: string }): Text => ({
      what: `${printable(vm)} waits for a guest from another QEMU`,
      why: 'it was started with -incoming, and its guest has not arrived yet',
      fix: advice('On the other side: qplug migrate VM URI'),
    }),
  },
} as const;
