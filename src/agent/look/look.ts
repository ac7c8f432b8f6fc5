import { dirname } from 'node:path';
import { type HostAccess, inventoryOf, ownerOf, presenceOf, type VmTarget } from '../../access/index.js';
import { formatProcess, socketFileOf } from '../../base/index.js';
import { type AssignmentRecord, type Claim, type ClaimOwner, lives, sameOwner } from '../../registry/index.js';
import { type Sight, seenKey, twinsAmong, type VmSight } from '../decide/index.js';
import { assignedWishes, type StandingWish } from '../wish/index.js';
import { AdoptedVms } from './adopted-vms.js';
import { FileWishes } from './file-wishes.js';

/** A sight, and how to reach its VMs. */
export interface Looked {
  readonly sight: Sight;
  readonly targets: ReadonlyMap<string, VmTarget>;
  /** What persons decided about VMs, running or not. */
  readonly records: readonly AssignmentRecord[];
  /** The folders whose changes are a reason to look again. */
  readonly folders: ReadonlySet<string>;
  /** When to search again for an adopted VM that is not there, in ms of `performance.now()`. */
  readonly next: number | undefined;
}

/** Serial numbers of twins that it remembers: a device can make up as many as it likes. */
const MOST_TWINS = 1000;

/** A VM before its state is known. */
interface KnownVm {
  readonly name: string;
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
  readonly #adopted = new AdoptedVms();
  #firstSeen: ReadonlyMap<string, number> = new Map();
  #twins: ReadonlySet<string> = new Set();

  constructor(host: HostAccess) {
    this.#host = host;
  }

  /**
   * @param busy - the VMs that the agent is changing
   * @param checked - when it last asked the QEMU of each, by `incarnation`
   * @param isLeaving - whether all devices are to go to the host
   * @throws QplugError `store-…` and those of the registry
   */
  async look(busy: ReadonlySet<string>, checked: ReadonlyMap<string, number>, isLeaving: boolean): Promise<Looked> {
    const host = this.#host;
    const time = performance.now();
    const inventory = inventoryOf(host);
    this.#firstSeen = new Map(
      inventory.devices.map((one) => [seenKey(one), this.#firstSeen.get(seenKey(one)) ?? time]),
    );
    this.#twins = new Set([...twinsAmong(inventory.devices), ...this.#twins].slice(0, MOST_TWINS));
    const claims = host.claims.list();
    const lost = host.claims.lost.list();
    const suspensions = host.claims.suspensions.list();
    const dismissals = host.claims.dismissals.list();
    const { records } = host.assignments?.list() ?? { records: [] };
    const known = await this.#vms([...claims, ...lost], records);
    const vms = known.map(({ name, target, owner, wishes }): VmSight => {
      const isOwn = (one: { readonly owner: ClaimOwner }): boolean => sameOwner(one.owner, owner);
      return {
        vm: name,
        incarnation: incarnationOf(owner),
        isOwn: target.record !== undefined,
        checked: checked.get(incarnationOf(owner)),
        state: suspensions.some(isOwn) ? 'held' : isLeaving ? 'leaving' : 'up',
        wishes,
        claims: claims.filter(isOwn),
        lost: lost.filter(isOwn),
        dismissed: dismissals.filter(isOwn).map(({ key }) => key),
        isBusy: busy.has(name),
      };
    });
    const foreign = claims.filter((claim) => !known.some(({ owner }) => sameOwner(claim.owner, owner)));
    const [firstSeen, twins] = [this.#firstSeen, this.#twins];
    const sight = { inventory, vms, foreign, firstSeen, twins, time, wall: Date.now() };
    return {
      sight,
      targets: new Map(known.map(({ name, target }) => [name, target])),
      records,
      folders: this.#folders(records, known),
      next: this.#adopted.next,
    };
  }

  /** The VMs that run: those of qplug, adopted ones, and others with claims. */
  async #vms(owned: readonly Pick<Claim, 'owner'>[], records: readonly AssignmentRecord[]): Promise<KnownVm[]> {
    const { registry } = this.#host;
    const assigned = (name: string): StandingWish[] => records.filter(({ vm }) => vm === name).flatMap(assignedWishes);
    const running = registry.list().flatMap(({ record }) => (record.qemu !== undefined && lives(record) ? record : []));
    this.#files.keepOnly(new Set(running.map(({ file }) => file)));
    this.#adopted.keepOnly(new Set(records.flatMap(({ socket }) => socket ?? [])));
    const known: KnownVm[] = [];
    for (const record of running) {
      const { name } = record;
      const target = { name, socket: record.sockets.qplug, record };
      const wishes = [...(await this.#files.of(record.file, record)), ...assigned(name)];
      known.push({ name, target, owner: ownerOf(target), wishes });
    }
    for (const { vm: name, socket } of records) {
      if (socket === undefined || known.some((one) => one.name === name)) continue;
      const target = await this.#adopted.find(name, socket, this.#host);
      if (target === undefined || known.some(({ owner }) => sameOwner(owner, ownerOf(target)))) continue;
      known.push({ name, target, owner: ownerOf(target), wishes: assigned(name) });
    }
    for (const { owner } of owned) {
      if (known.some((one) => sameOwner(one.owner, owner))) continue;
      if ((await presenceOf(owner)) !== 'there') continue;
      const { vm: name, socket, process, socketFile } = owner;
      known.push({ name, target: { name, socket, record: undefined, process, socketFile }, owner, wishes: [] });
    }
    return known;
  }

  #folders(records: readonly AssignmentRecord[], known: readonly KnownVm[]): ReadonlySet<string> {
    const { registry, assignments } = this.#host;
    const sockets = records.flatMap(({ socket }) => (socket?.startsWith('/') === true ? dirname(socket) : []));
    // only until the VM has started: its log is in the same folder, and a guest may fill it
    const starting = records.flatMap(({ vm }) => {
      const owner = known.find(({ name }) => name === vm)?.target.record?.sockets.owner;
      return owner === undefined || socketFileOf(owner) === undefined ? registry.folderOf(vm) : [];
    });
    const store = assignments === undefined ? [] : [assignments.folder];
    return new Set([registry.folder, ...store, ...sockets, ...starting]);
  }
}

/** @returns the same text for the same QEMU */
function incarnationOf({ process, socketFile, socket }: ClaimOwner): string {
  return socketFile ?? (process === undefined ? socket : formatProcess(process));
}
