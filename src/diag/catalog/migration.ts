import type { Text } from '../finding.js';
import { advice, options, path, sh } from '../fix.js';
import { printable } from '../printable.js';

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
  exec: 'exec: would have QEMU run a command with its rights',
  fd: 'fd: means a descriptor inside QEMU, which a command line can not give it',
  rdma: 'rdma: gives the other side direct access to memory, and qplug can not see whether it arrived',
  unknown: 'it is none of unix:PATH, tcp:HOST:PORT and file:PATH',
  path: 'there is no path of a file or socket in it',
  'path-too-long': 'the path of a unix socket has at most 107 bytes',
  offset: 'QEMU takes ,offset= in a path for an option',
  host: 'that is no name or address of a host (an IPv6 address stands in brackets)',
  'no-port': 'tcp: takes a host and a port: tcp:HOST:PORT',
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
      what: `a guest can't be sent to ${printable(uri)}`,
      why: PROBLEMS[problem],
      fix: advice('qplug migrate VM unix:/run/other.sock, tcp:HOST:PORT, tcp:[ADDRESS]:PORT or file:/path/of/state'),
    }),
  },
  /** `state`: QEMU's run state. */
  'not-migratable': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `${printable(vm)} can't be migrated`,
      why:
        state === 'postmigrate'
          ? 'its guest has left already, or a migration failed while it stood still; QEMU sends none twice'
          : state === 'inmigrate'
            ? 'it waits for a guest itself'
            : `its guest is ${printable(state)}`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  /** Passed-through devices that it has. */
  'migration-holds-devices': {
    kind: 'refused',
    text: ({ vm, uri, devices }: { vm: string; uri: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has devices of this host, which can't go with it`,
      where: seats(devices),
      why: 'QEMU would migrate all the same, and the guest would lose them without a word',
      fix: [
        sh`qplug migrate ${vm} ${uri} --with-detached`,
        advice('takes them out, and puts them back if it fails; or: ', detachAll(vm, devices)),
      ],
    }),
  },
  /** Those of them that could not be put back where they are if it failed. */
  'migration-irrevocable': {
    kind: 'refused',
    text: ({ vm, devices }: { vm: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has devices of this host that qplug could not put back if the migration failed`,
      where: seats(devices),
      why: 'they have no id, or were plugged by a filter instead of one exact device',
      fix: detachAll(vm, devices),
    }),
  },
  /** Emulated ones that QEMU can't move. */
  'migration-blocked-by-devices': {
    kind: 'refused',
    text: ({ vm, devices }: { vm: string; devices: readonly Sitting[] }): Text => ({
      what: `${printable(vm)} has emulated devices that QEMU can't migrate`,
      where: seats(devices),
      why: 'their state can not be saved, so QEMU refuses to migrate while they are there',
      fix: [detachAll(vm, devices), advice('or leave them out of its file, for the next start')],
    }),
  },
  /** QEMU's own words. */
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
      why: `it is ${printable(version)}, and file: came with 8.2`,
      fix: advice('Send it to a QEMU that listens: unix:PATH or tcp:HOST:PORT'),
    }),
  },
  'migration-file-exists': {
    kind: 'refused',
    text: ({ path: file }: { path: string }): Text => ({
      what: 'there is such a file already, and QEMU would write over it',
      where: printable(file),
      fix: [sh`rm ${path(file)}`, advice('or name another')],
    }),
  },
  'migration-nobody-listens': {
    kind: 'not-found',
    text: ({ path: socket, there }: { path: string; there: 'nothing' | 'no-socket' }): Text => ({
      what: 'nobody can listen there, so nothing was begun',
      where: printable(socket),
      why: there === 'nothing' ? 'there is no such socket' : 'that is no socket',
      fix: advice('Start the other QEMU first, with ', options`-incoming ${`unix:${socket}`}`),
    }),
  },
  /** `reason`: QEMU's; undefined where it gives none · `run`: its run state now. */
  'migration-failed': {
    kind: 'failed',
    text: ({ target, reason, run }: { target: string; reason: string | undefined; run: string }): Text => ({
      what: `the guest did not get to ${printable(target)}; it stays here (${printable(run)})`,
      why:
        reason === undefined
          ? 'QEMU gives no reason here; the other one tells on its stderr why it did not take the guest'
          : printable(reason),
      fix: advice(
        'See what the other QEMU printed: it needs the same machine, the same USB controllers at the same PCI addresses, and the same emulated devices on the same ports',
      ),
    }),
  },
  /** It could not be undone any more. */
  'migration-went-through': {
    kind: 'failed',
    text: ({ migration }: { migration: string }): Text => ({
      what: 'the guest has left all the same, and goes on there',
      where: printable(migration),
      fix: advice('qplug kill VM ends what is left of it here'),
    }),
  },
  'migrated-away': {
    kind: 'failed',
    text: ({ vm }: { vm: string }): Text => ({
      what: `the guest of ${printable(vm)} has left for another QEMU, or a file; this process is what is left of it`,
      why: 'if it went on here too, two would write to the same disks',
      fix: [sh`qplug kill ${vm}`, advice('or, where the other side has surely lost it: ', sh`qplug qmp ${vm} cont`)],
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
