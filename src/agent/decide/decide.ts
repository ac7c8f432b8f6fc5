import { claimedDevice, keyOf, lossOf, matchesKey } from '../../access/index.js';
import type { GuardKind } from '../../diag/index.js';
import { type HostDevice, labelOf, matchSelector } from '../../host/index.js';
import { type Claim, type ClaimKey, type LostDevice, sameKey } from '../../registry/index.js';
import { compareWishes, isAllowedChange, type StandingWish } from '../wish/index.js';
import { type Attempts, attemptKey, quarantineOf } from './attempts.js';
import type { Condition, DeviceAccount } from './condition.js';
import { identityOf, type Sight, seenKey, type VmSight } from './sight.js';

/** Attach a device to a VM. */
export interface AttachWork {
  readonly do: 'attach';
  readonly vm: string;
  readonly device: HostDevice;
  /** Key of the attempts, and what must be the same for a pause to count. */
  readonly attempt: string;
  readonly address: string;
  readonly wish: StandingWish | undefined;
  /** The record of the device that the VM had at this connector. */
  readonly lost: LostDevice | undefined;
  /** The VM's claim on this device, whose object is dead: it goes first. */
  readonly dead: Claim | undefined;
  /** Guards against the device that the user had switched off. */
  readonly guardOff: readonly GuardKind[];
}

/** Remove the dead object of a device that vanished, so that its port is free and its guest sees that it is gone. */
export interface FreeWork {
  readonly do: 'free';
  readonly vm: string;
  readonly claim: Claim;
  readonly attempt: string;
  readonly address: string;
  /** The wish that the device fulfilled, if one stands. */
  readonly wish: StandingWish | undefined;
}

/** Ask a VM's QEMU whether it still has its devices. */
export interface CheckWork {
  readonly do: 'check';
  readonly vm: string;
}

export type Work = AttachWork | FreeWork | CheckWork;

export interface Decision {
  /** In the order in which to do it. */
  readonly work: readonly Work[];
  readonly accounts: readonly DeviceAccount[];
  /** When to look again at the latest, in ms of `Sight.time`; undefined if only a change can bring work. */
  readonly next: number | undefined;
}

/** A VM that is to have a device, and the reason. A lower rank wins. */
interface Contender {
  readonly vm: VmSight;
  readonly device: HostDevice;
  readonly rank: 'had-it' | 'connector' | 'wish';
  readonly wish: StandingWish | undefined;
  readonly lost: LostDevice | undefined;
  readonly dead: Claim | undefined;
  readonly guardOff: readonly GuardKind[];
}

/** ms to wait at most for the kernel to configure a new device, and between two looks at it. */
const SETTLE_TIME = 3000;
const SETTLE_INTERVAL = 10;

/** ms after which a VM's QEMU is asked again; less than the time between two looks when nothing happens. */
const CHECK_INTERVAL = 40_000;

const RANKS: readonly Contender['rank'][] = ['had-it', 'connector', 'wish'];

/**
 * Decides what to do next. Pure: the same sight and attempts give the same decision, whatever happened in between; so a missed event, a
 * restart of the agent or an operation by hand needs no case of its own.
 *
 * A device belongs to the VM that has it. A VM that lost it comes next, then a VM that holds its connector, then the best wish.
 */
export function decide(sight: Sight, attempts: Attempts): Decision {
  return new Deciding(sight, attempts).decide();
}

class Deciding {
  readonly #sight: Sight;
  readonly #attempts: Attempts;
  readonly #work: Work[] = [];
  readonly #accounts: DeviceAccount[] = [];
  readonly #candidates: Contender[] = [];

  constructor(sight: Sight, attempts: Attempts) {
    this.#sight = sight;
    this.#attempts = attempts;
  }

  decide(): Decision {
    for (const vm of this.#sight.vms) {
      if (vm.state === 'up') this.#lookAt(vm);
      if (vm.state === 'leaving') this.#empty(vm);
    }
    for (const device of this.#sight.inventory.devices) this.#settle(device);
    for (const vm of this.#sight.vms) this.#check(vm);
    const times = this.#accounts.flatMap(({ condition }) => ('next' in condition ? [condition.next] : []));
    return {
      work: this.#work,
      accounts: this.#accounts,
      next: times.length === 0 ? undefined : Math.min(...times),
    };
  }

  #lookAt(vm: VmSight): void {
    for (const claim of vm.claims) this.#followClaim(vm, claim);
    for (const lost of vm.lost) this.#followLost(vm, lost);
    for (const wish of vm.wishes) this.#followWish(vm, wish);
  }

  /** QEMU sends no event when it loses a device, so it is asked from time to time. */
  #check({ vm, state, claims, isBusy, isOwn, checked }: VmSight): void {
    if (state !== 'up' || isBusy || !isOwn || this.#work.some((work) => work.vm === vm)) return;
    const has = claims.some((claim) => claim.state === 'attached' && claim.worker === undefined);
    // the first time it also learns the VM's tree, for the next attach
    if (checked === undefined || (has && this.#sight.time - checked >= CHECK_INTERVAL))
      this.#work.push({ do: 'check', vm });
  }

  /** Takes all devices from a VM; the records of what it lost bring them back. */
  #empty(vm: VmSight): void {
    for (const claim of vm.claims) {
      if (claim.worker === undefined) this.#free(vm, claim, undefined, 'changing');
      else this.#account(vm, claim.key, claim.label, undefined, { is: 'changing' });
    }
    for (const { key, label } of vm.lost) {
      if (!vm.claims.some((claim) => sameKey(claim.key, key))) this.#account(vm, key, label, undefined, { is: 'lost' });
    }
  }

  /** A device that the VM has: is it still there? */
  #followClaim(vm: VmSight, claim: Claim): void {
    const account = (condition: Condition): void => this.#account(vm, claim.key, claim.label, undefined, condition);
    if (claim.worker !== undefined) {
      account({ is: 'changing' });
      return;
    }
    const { inventory } = this.#sight;
    if (claim.state === 'attached' && lossOf(claim, inventory) === undefined) {
      account({ is: 'attached' });
      return;
    }
    const device = claimedDevice(claim, inventory);
    if (device !== undefined) {
      this.#propose({
        vm,
        device,
        rank: 'had-it',
        wish: this.#wishOf(vm, device),
        lost: undefined,
        dead: claim,
        guardOff: claim.guardOff,
      });
      return;
    }
    const wish = vm.wishes.find(({ selector }) => matchesKey(selector.text, claim.key, inventory));
    this.#free(vm, claim, wish, 'lost');
  }

  /** Takes the object of a claim from its VM, unless a try has just failed. @param is - the condition of the device until then */
  #free(vm: VmSight, claim: Claim, wish: StandingWish | undefined, is: 'changing' | 'lost'): void {
    const attempt = attemptKey(vm.vm, claim.key.connector);
    const address = `${claim.address ?? ''} ${vm.incarnation}`;
    const pause = this.#pauseOf(attempt, address);
    this.#account(vm, claim.key, claim.label, undefined, pause ?? { is });
    if (pause === undefined && !vm.isBusy) this.#work.push({ do: 'free', vm: vm.vm, claim, attempt, address, wish });
  }

  /** A device that the VM had: it comes back with its own ids, or its connector brings another one. */
  #followLost(vm: VmSight, lost: LostDevice): void {
    if (vm.claims.some(({ key }) => sameKey(key, lost.key))) return;
    const { inventory, wall } = this.#sight;
    const same = this.#returnedDevice(lost);
    if (same !== undefined) {
      if (this.#claimOf(vm, same) !== undefined) return;
      const wish = this.#wishOf(vm, same);
      this.#propose({ vm, device: same, rank: 'had-it', wish, lost, dead: undefined, guardOff: lost.guardOff });
      return;
    }
    const age = wall - Date.parse(lost.since);
    const others = inventory.devices.filter(
      (device) =>
        keyOf(device, inventory).connector === lost.key.connector &&
        isAllowedChange(device, lost.also) &&
        this.#claimOf(vm, device) === undefined,
    );
    const holds = lost.also.length > 0 || (age >= 0 && age < lost.hold);
    if (holds)
      for (const device of others)
        this.#propose({ vm, device, rank: 'connector', wish: undefined, lost, dead: undefined, guardOff: [] });
    this.#account(vm, lost.key, lost.label, undefined, { is: 'lost' });
  }

  /**
   * The same ids at the same connector, or the same ids with a serial number at any connector. Makers give one serial number to many devices,
   * so at another connector it counts only if no other device is known to have it.
   */
  #returnedDevice(lost: LostDevice): HostDevice | undefined {
    const { inventory } = this.#sight;
    const { key: was } = lost;
    const same = inventory.devices.filter((device) => identityOf(keyOf(device, inventory)) === identityOf(was));
    const here = same.find((device) => keyOf(device, inventory).connector === was.connector);
    if (here !== undefined) return here;
    return was.serial !== '' && same.length === 1 && !this.#hasTwin(lost) ? same[0] : undefined;
  }

  /**
   * Whether another device with the ids and the serial number of a lost one is known: two were there at once, a VM had the other one before this
   * one was lost, or a VM has lost the other one, too. Then only its connector tells which one a device is.
   */
  #hasTwin({ key: was, since }: LostDevice): boolean {
    const { twins, vms, foreign } = this.#sight;
    if (twins.has(identityOf(was))) return true;
    const isTwin = ({ key }: { readonly key: ClaimKey }): boolean =>
      identityOf(key) === identityOf(was) && !sameKey(key, was);
    const claims = [...vms.flatMap((vm) => vm.claims), ...foreign];
    return (
      claims.some((claim) => isTwin(claim) && Date.parse(claim.since) <= Date.parse(since)) ||
      vms.some((vm) => vm.lost.some(isTwin))
    );
  }

  #followWish(vm: VmSight, wish: StandingWish): void {
    const { inventory } = this.#sight;
    const matching = matchSelector(wish.selector, inventory);
    const has = (device: HostDevice): boolean =>
      this.#claimOf(vm, device) !== undefined || this.#candidates.some((one) => one.vm === vm && one.device === device);
    if (wish.takes === 'all') {
      if (matching.length === 0) this.#wished(vm, wish, { is: 'absent' });
      for (const device of matching) {
        if (!has(device))
          this.#propose({ vm, device, rank: 'wish', wish, lost: undefined, dead: undefined, guardOff: [] });
      }
      return;
    }
    if (matching.some(has)) return;
    const free = matching.filter((device) => this.#holderOf(device, vm) === undefined);
    const [device, ...more] = free.length === 0 ? matching : free;
    if (device === undefined) this.#wished(vm, wish, { is: 'absent' });
    else if (more.length > 0) {
      this.#wished(vm, wish, { is: 'ambiguous', labels: [device, ...more].map(labelOf) });
    } else this.#propose({ vm, device, rank: 'wish', wish, lost: undefined, dead: undefined, guardOff: [] });
  }

  #propose(candidate: Contender): void {
    const known = this.#candidates.some(({ vm, device }) => vm === candidate.vm && device === candidate.device);
    if (!known) this.#candidates.push(candidate);
  }

  /** Decides which VM gets a device. */
  #settle(device: HostDevice): void {
    const here = this.#candidates.filter((one) => one.device === device).toSorted(compareCandidates);
    const key = keyOf(device, this.#sight.inventory);
    const [first] = here.filter(({ vm }) => !isDismissed(vm, key));
    for (const candidate of here) {
      const { vm, wish } = candidate;
      const account = (condition: Condition): void => this.#account(vm, key, labelOf(device), wish, condition);
      const holder = this.#holderOf(device, vm);
      if (isDismissed(vm, key)) account({ is: 'detached' });
      else if (holder !== undefined) account({ is: 'yields', to: holder });
      else if (first !== undefined && first !== candidate) account({ is: 'yields', to: first.vm.vm });
      else this.#attach(candidate, key, account);
    }
  }

  #attach(
    { vm, device, wish, lost, dead, guardOff }: Contender,
    key: ClaimKey,
    account: (condition: Condition) => void,
  ): void {
    const attempt = attemptKey(vm.vm, key.connector);
    const address = addressOf(device, vm);
    const pause = this.#pauseOf(attempt, address);
    if (pause !== undefined) {
      account(pause);
      return;
    }
    const until = quarantineOf(this.#attempts.get(attempt), this.#sight.time);
    if (until !== undefined) {
      account({ is: 'quarantined', next: until });
      return;
    }
    if (wish?.asks === true && dead === undefined && lost === undefined) {
      account({ is: 'asks' });
      return;
    }
    const settled = this.#settlesUntil(device);
    if (settled !== undefined) {
      account({ is: 'settling', next: settled });
      return;
    }
    account({ is: 'due' });
    if (!vm.isBusy) this.#work.push({ do: 'attach', vm: vm.vm, device, attempt, address, wish, lost, dead, guardOff });
  }

  /**
   * The kernel announces a device before it has configured it (drivers/base/core.c, device_add: the node comes before the probe). Without
   * its interfaces the guards cannot tell what the host uses it for.
   *
   * @returns when to look again; undefined if the device is configured, or stays without a configuration
   */
  #settlesUntil(device: HostDevice): number | undefined {
    const { time, firstSeen } = this.#sight;
    const isConfigured =
      device.interfaces.length > 0 || !device.configurations.some((one) => one.interfaces.length > 0);
    const seen = firstSeen.get(seenKey(device)) ?? time;
    return isConfigured || time - seen >= SETTLE_TIME ? undefined : time + SETTLE_INTERVAL;
  }

  /** The pause after a failed try with the same device. */
  #pauseOf(key: string, address: string): Condition | undefined {
    const attempt = this.#attempts.get(key);
    if (attempt?.next === undefined || attempt.address !== address || attempt.next <= this.#sight.time)
      return undefined;
    return { is: 'waiting', reason: attempt.reason, next: attempt.next };
  }

  #wishOf(vm: VmSight, device: HostDevice): StandingWish | undefined {
    return vm.wishes.find((wish) => matchSelector(wish.selector, this.#sight.inventory).includes(device));
  }

  #claimOf(vm: VmSight, device: HostDevice): Claim | undefined {
    const key = keyOf(device, this.#sight.inventory);
    return vm.claims.find((claim) => sameKey(claim.key, key));
  }

  /** @returns the other VM that has a device */
  #holderOf(device: HostDevice, but: VmSight): string | undefined {
    const key = keyOf(device, this.#sight.inventory);
    const isIt = (claim: Claim): boolean => sameKey(claim.key, key);
    const vm = this.#sight.vms.find((one) => one !== but && one.claims.some(isIt));
    return vm?.vm ?? this.#sight.foreign.find(isIt)?.owner.vm;
  }

  #wished(vm: VmSight, wish: StandingWish, condition: Condition): void {
    const { text: label } = wish.selector;
    this.#accounts.push({ vm: vm.vm, subject: wish.name, label, wish: wish.name, device: undefined, condition });
  }

  #account(vm: VmSight, device: ClaimKey, label: string, wish: StandingWish | undefined, condition: Condition): void {
    const subject = JSON.stringify([device.connector, device.vendorId, device.productId, device.serial]);
    this.#accounts.push({ vm: vm.vm, subject, label, wish: wish?.name, device, condition });
  }
}

/** @returns the device's address and rights for `Attempt.address`: a device that udev has just given to us is tried at once */
export function addressOf({ bus, address, access }: HostDevice, { incarnation }: Pick<VmSight, 'incarnation'>): string {
  return `${bus}.${address} ${access} ${incarnation}`;
}

function compareCandidates(a: Contender, b: Contender): number {
  const [rankA, rankB] = [RANKS.indexOf(a.rank), RANKS.indexOf(b.rank)];
  if (rankA !== rankB) return rankA - rankB;
  const byWish = a.wish === undefined || b.wish === undefined ? 0 : compareWishes(a.wish, b.wish);
  // the same VM, in whatever order they were read
  return byWish !== 0 ? byWish : a.vm.vm < b.vm.vm ? -1 : 1;
}

function isDismissed({ dismissed }: VmSight, key: ClaimKey): boolean {
  return dismissed.some((one) => sameKey(one, key));
}
