import type { HostAccess, VmTarget } from '../../access/index.js';
import { isAlive } from '../../base/index.js';
import { QplugError } from '../../diag/index.js';
import { findVm } from '../../vm/index.js';

/** ms between two searches for a VM that is not there, at first and at most. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

interface Search {
  readonly target: VmTarget | undefined;
  /** When to search again, in ms of `performance.now()`, and how long the wait until then was. */
  readonly next: number;
  readonly wait: number;
}

/**
 * Where the adopted VMs are. A path or a port is looked at each time; to find a container takes a program, so a QEMU that was found in one is
 * known until it ends, and one that is not there is searched for after 1, 2, 4 … 60 s.
 */
export class AdoptedVms {
  readonly #containers = new Map<string, Search>();

  /** @returns undefined while it is not there */
  async find(name: string, socket: string, host: HostAccess): Promise<VmTarget | undefined> {
    if (!socket.startsWith('container:')) return await search(name, host);
    const known = this.#containers.get(socket);
    const time = performance.now();
    if (known?.target?.answerer !== undefined && isAlive(known.target.answerer)) return known.target;
    if (known !== undefined && known.target === undefined && time < known.next) return undefined;
    const target = await search(name, host);
    const wait =
      known === undefined || known.target !== undefined ? FIRST_WAIT : Math.min(2 * known.wait, LONGEST_WAIT);
    this.#containers.set(socket, { target, wait, next: performance.now() + wait });
    return target;
  }

  /** When to search again for one that is not there, in ms of `performance.now()`. */
  get next(): number | undefined {
    const times = [...this.#containers.values()].flatMap(({ target, next }) => (target === undefined ? next : []));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Forgets the others. */
  keepOnly(sockets: ReadonlySet<string>): void {
    for (const socket of this.#containers.keys()) if (!sockets.has(socket)) this.#containers.delete(socket);
  }
}

async function search(name: string, host: HostAccess): Promise<VmTarget | undefined> {
  try {
    return await findVm(name, host);
  } catch (error) {
    if (error instanceof QplugError) return undefined;
    throw error;
  }
}
