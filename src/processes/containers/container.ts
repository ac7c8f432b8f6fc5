import type { ProcessIdentity } from '../../base/index.js';
import type { QemuProcess } from '../qemu-process.js';
import type { Engine } from './container-word.js';

/** A running container of this host. */
export interface Container {
  readonly engine: Engine;
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** Its first process. */
  readonly process: ProcessIdentity;
  /** The inodes of that process's namespaces; undefined where /proc hides them. */
  readonly mount: number | undefined;
  readonly pidNamespace: number | undefined;
}

/** The namespaces of this process, which no container has. */
export interface OwnNamespaces {
  readonly mount: number | undefined;
  readonly pid: number | undefined;
}

/**
 * @param own - the namespaces of this process: a container that shares one of them (`--pid=host`) has not all processes in it
 * @returns those of the processes that are in a container: by their cgroup, or by the namespaces of its first process. One whose cgroup
 *   names another container is in that one, even if both share their pids (`--pid=container:…`)
 */
export function processesIn(
  container: Container,
  processes: readonly QemuProcess[],
  own: OwnNamespaces,
): QemuProcess[] {
  const isSame = (one: number | undefined, other: number | undefined, ours: number | undefined): boolean =>
    one !== undefined && one === other && one !== ours;
  return processes.filter(({ container: id, namespaces }) => {
    if (id !== undefined && id === container.id) return true;
    if (isSame(namespaces.mount, container.mount, own.mount)) return true;
    return id === undefined && isSame(namespaces.pid, container.pidNamespace, own.pid);
  });
}
