import { formatTcpAddress, workingFolderOf } from '../../base/index.js';
import { type MonitorPlace, type QemuProcess, takenSockets } from '../../processes/index.js';

/** The namespaces of qplug; inodes. */
export interface OwnNamespaces {
  readonly mount: number | undefined;
  readonly network: number | undefined;
}

/** Where to connect to a server that listens on all addresses, or on that of a name that may not be known here. */
const OWN_HOST: Readonly<Record<string, string>> = {
  '': '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '::': '::1',
  localhost: '127.0.0.1',
};

/**
 * Chooses the monitor of a QEMU to connect to: the first QMP monitor on which it listens, a unix socket before a port, and one that has no
 * client before one that has.
 *
 * @param own - the namespaces of qplug
 * @returns its path or address, as `parseAddress` of the QMP client reads it; undefined if QEMU listens on none
 */
export function monitorSocket(qemu: QemuProcess, own: OwnNamespaces): string | undefined {
  const places = qemu.monitors.flatMap(({ protocol, place }) => (protocol === 'qmp' ? place : []));
  const taken = places.length > 1 ? takenSockets(qemu.process.pid) : new Set();
  const isTaken = (place: MonitorPlace): boolean => place.kind === 'unix' && taken.has(place.path);
  const unix = (all: readonly MonitorPlace[]): string[] => all.flatMap((place) => unixSocket(place, qemu, own) ?? []);
  const tcp = places.flatMap((place) => tcpSocket(place, qemu, own) ?? []);
  return [...unix(places.filter((one) => !isTaken(one))), ...tcp, ...unix(places.filter(isTaken))][0];
}

function unixSocket(place: MonitorPlace, { process, namespaces }: QemuProcess, own: OwnNamespaces): string | undefined {
  if (place.kind !== 'unix' || !place.listens) return undefined;
  const isAbsolute = place.path.startsWith('/');
  const folder = isAbsolute ? '' : workingFolderOf(process.pid);
  if (folder === undefined) return undefined;
  const path = isAbsolute ? place.path : `${folder}/${place.path}`;
  return namespaces.mount === own.mount ? path : `/proc/${process.pid}/root${path}`;
}

function tcpSocket(place: MonitorPlace, { process, namespaces }: QemuProcess, own: OwnNamespaces): string | undefined {
  if (place.kind !== 'tcp' || !place.listens) return undefined;
  const network = namespaces.network === own.network ? undefined : process.pid;
  return formatTcpAddress({ host: OWN_HOST[place.host] ?? place.host, port: place.port, network });
}

/** @returns the monitors that qplug can't use, each in a word or two */
export function unusableMonitors({ monitors }: QemuProcess): string[] {
  return monitors.map(({ protocol, place }) => {
    if (protocol === 'hmp') return 'a monitor for people (HMP)';
    if (place.kind === 'fd') return 'a QMP monitor on a descriptor that another program holds';
    if (place.kind === 'other') return `a QMP monitor on ${place.what}`;
    return 'a QMP monitor that connects to another program';
  });
}
