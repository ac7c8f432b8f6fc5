import { type HostAccess, inventoryOf, ownerOf, presenceOf, type VmTarget } from '../../access/index.js';
import { type Claim, type ClaimOwner, lives, sameOwner } from '../../registry/index.js';
import { type Sight, seenKey, type VmSight } from '../decide/index.js';
import type { StandingWish } from '../wish/index.js';
import { FileWishes } from './file-wishes.js';

/** A sight, and how to reach its VMs. */
export interface Looked {
  readonly sight: Sight;
  readonly targets: ReadonlyMap<string, VmTarget>;
}

/** A VM before its state is known. */
interface KnownVm {
  readonly target: VmTarget;
  readonly owner: ClaimOwner;
  readonly wishes: readonly StandingWish[];
}

/**
 * Looks at the host and its VMs. One look reads sysfs once, the database once, and asks no QEMU: the claims say which devices the VMs have.
 */
export class Lookout {
  readonly #host: HostAccess;
  readonly #files = new FileWishes();
  #firstSeen: ReadonlyMap<string, number> = new Map();

  constructor(host: HostAccess) {
    this.#host = host;
  }

  /**
   * @param busy - the VMs that the agent is changing
   * @param isLeaving - whether all devices are to go to the host
   * @throws QplugError `store-…` and those of the registry
   */
  async look(busy: ReadonlySet<string>, isLeaving: boolean): Promise<Looked> {
    const host = this.#host;
    const time = performance.now();
    const inventory = inventoryOf(host);
    this.#firstSeen = new Map(
      inventory.devices.map((one) => [seenKey(one), this.#firstSeen.get(seenKey(one)) ?? time]),
    );
    const claims = host.claims.list();
    const lost = host.claims.lost.list();
    const suspensions = host.claims.suspensions.list();
    const known = await this.#vms([...claims, ...lost]);
    const vms = known.map(({ target, owner, wishes }): VmSight => {
      const isOwn = (one: { readonly owner: ClaimOwner }): boolean => sameOwner(one.owner, owner);
      return {
        vm: target.name,
        state: suspensions.some(isOwn) ? 'held' : isLeaving ? 'leaving' : 'up',
        wishes,
        claims: claims.filter(isOwn),
        lost: lost.filter(isOwn),
        dismissed: [],
        isBusy: busy.has(target.name),
      };
    });
    const foreign = claims.filter((claim) => !known.some(({ owner }) => sameOwner(claim.owner, owner)));
    const sight = { inventory, vms, foreign, firstSeen: this.#firstSeen, time, wall: Date.now() };
    return { sight, targets: new Map(known.map(({ target }) => [target.name, target])) };
  }

  /** The VMs that run: those of qplug, and others with claims. */
  async #vms(records: readonly Pick<Claim, 'owner'>[]): Promise<KnownVm[]> {
    const { registry } = this.#host;
    const running = registry.list().flatMap(({ record }) => (record.qemu !== undefined && lives(record) ? record : []));
    this.#files.keepOnly(new Set(running.map(({ file }) => file)));
    const known: KnownVm[] = [];
    for (const record of running) {
      const target = { name: record.name, socket: record.sockets.qplug, record };
      const wishes = await this.#files.of(record.file, record);
      known.push({ target, owner: ownerOf(target), wishes });
    }
    for (const { owner } of records) {
      if (known.some((one) => sameOwner(one.owner, owner))) continue;
      if ((await presenceOf(owner)) !== 'there') continue;
      const { vm, socket, process, socketFile } = owner;
      known.push({ target: { name: vm, socket, record: undefined, process, socketFile }, owner, wishes: [] });
    }
    return known;
  }
}
