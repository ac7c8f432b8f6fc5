import { expect } from 'vitest';
import { keyOf } from '../../../../src/access/index.js';
import {
  type Attempts,
  type Condition,
  type Decision,
  type DeviceAccount,
  decide,
  type Sight,
  seenKey,
  type Tried,
  twinsAmong,
  type VmSight,
  type Work,
  withoutOld,
  withTry,
} from '../../../../src/agent/decide/index.js';
import type { StandingWish } from '../../../../src/agent/wish/index.js';
import { type HostDevice, type HostInventory, matchSelector } from '../../../../src/host/index.js';
import { type Claim, type ClaimKey, type LostDevice, sameKey } from '../../../../src/registry/index.js';
import { inventoryOf, recording } from '../../host/recordings.js';
import { claimOf, ownerNamed, TIME, vmNamed, WALL } from '../sights.js';

/** The wall clock of a world when its time is 0. */
const EPOCH = WALL - TIME;

/** More looks than any work needs: a device that is never configured is looked at every 10 ms for 3 s. */
const MANY_LOOKS = 2000;

/** The recorded host, whose devices come and go. */
export const RECORDED: HostInventory = inventoryOf(recording('hub-twins-gadgets'));

interface WorldVm {
  state: VmSight['state'];
  wishes: StandingWish[];
  claims: Claim[];
  lost: LostDevice[];
  dismissed: ClaimKey[];
}

/**
 * A tiny model of what surrounds `decide`: devices, and the records of claims and of lost devices, changed by the agent's work as
 * src/agent/act changes them. Time passes only when the agent has to wait for it. In each step it checks that no device has two VMs.
 */
export class World {
  readonly #devices = new Map<string, HostDevice>();
  readonly #vms = new Map<string, WorldVm>();
  #attempts: Attempts = new Map();
  #firstSeen = new Map<string, number>();
  #twins = new Set<string>();
  #isRunning = true;
  #time = TIME;
  #nextAddress = 20;
  #failures = 0;

  /** Plugs in a device, in place of what is there, with a new address. @param device - default: the recorded one */
  plug(port: string, device?: Partial<HostDevice>): void {
    const recorded = RECORDED.devices.find((one) => one.port === port) as HostDevice;
    this.#devices.set(port, { ...recorded, ...device, address: this.#nextAddress++ });
  }

  /** The kernel configures a device. */
  configure(port: string): void {
    const recorded = RECORDED.devices.find((one) => one.port === port);
    const there = this.#devices.get(port);
    if (there !== undefined) this.#devices.set(port, { ...there, interfaces: recorded?.interfaces ?? [] });
  }

  pull(port: string): void {
    this.#devices.delete(port);
  }

  start(vm: string): void {
    if (!this.#vms.has(vm)) this.#vms.set(vm, { state: 'up', wishes: [], claims: [], lost: [], dismissed: [] });
  }

  /** A VM ends: its claims and records go with it (src/vm/operations/life/mend.ts). */
  end(vm: string): void {
    this.#vms.delete(vm);
  }

  /** Suspends a VM, whose devices go back to the host; or resumes it. */
  hold(vm: string, isHeld: boolean): void {
    const there = this.#vms.get(vm);
    if (there === undefined) return;
    there.state = isHeld ? 'held' : 'up';
    if (isHeld) there.claims = [];
  }

  /** The host is to sleep, or wakes. */
  sleep(isAsleep: boolean): void {
    for (const vm of this.#vms.values()) if (vm.state !== 'held') vm.state = isAsleep ? 'leaving' : 'up';
  }

  wish(vm: string, wishes: readonly StandingWish[]): void {
    const there = this.#vms.get(vm);
    if (there !== undefined) there.wishes = [...wishes];
  }

  /** A person attaches a device, if no other VM has it. */
  attachByHand(vm: string, port: string): void {
    const [there, device] = [this.#vms.get(vm), this.#devices.get(port)];
    if (there?.state !== 'up' || device === undefined) return;
    const key = this.#key(device);
    if (this.#holders(key).some((holder) => holder !== vm)) return;
    there.dismissed = there.dismissed.filter((one) => !sameKey(one, key));
    this.#give(vm, there, device);
  }

  /** A person detaches what a VM has or had at a connector. */
  detachByHand(vm: string, port: string): void {
    const [there, device] = [this.#vms.get(vm), this.#devices.get(port)];
    if (there === undefined || device === undefined) return;
    const key = this.#key(device);
    if (!there.claims.some((one) => sameKey(one.key, key))) return;
    there.claims = there.claims.filter((one) => !sameKey(one.key, key));
    there.lost = there.lost.filter((one) => one.key.connector !== key.connector);
    there.dismissed.push(key);
  }

  /** The agent ends, and forgets everything. */
  endAgent(): void {
    this.#isRunning = false;
    this.#attempts = new Map();
    this.#firstSeen = new Map();
    this.#twins = new Set();
  }

  startAgent(): void {
    this.#isRunning = true;
  }

  /** The next attaches fail. */
  fail(times: number): void {
    this.#failures = times;
  }

  pass(ms: number): void {
    this.#time += ms;
  }

  /** @returns what the agent would do now; nothing while it does not run */
  look(): readonly Work[] {
    return this.#isRunning ? this.#decide().work : [];
  }

  /** The agent does work: one piece for each VM. */
  perform(work: readonly Work[]): void {
    const busy = new Set<string>();
    for (const one of work) {
      if (busy.has(one.vm)) continue;
      busy.add(one.vm);
      this.#try(one);
      this.#check();
    }
  }

  /** The agent works until it has nothing to do and nothing to wait for. */
  settle(): void {
    for (let looks = 0; this.#isRunning; looks++) {
      must(looks < MANY_LOOKS, 'the agent comes to rest');
      const { work, next } = this.#decide();
      this.perform(work);
      if (work.length > 0) continue;
      if (next === undefined) return;
      must(next > this.#time, 'the agent waits for a time to come');
      this.#time = next;
    }
  }

  /** What is true of every world in which the agent has come to rest. */
  checkRest(): void {
    const { work, accounts } = this.#decide();
    must(work.length === 0, 'nothing is to be done');
    for (const [name, vm] of this.#vms) {
      const own = accounts.filter((one) => one.vm === name);
      must(new Set(own.map(({ subject }) => subject)).size === own.length, 'each subject has one account');
      if (vm.state === 'leaving') must(vm.claims.length === 0, `${name} has nothing while the host sleeps`);
      if (vm.state === 'up') this.#checkUp(name, vm, own);
    }
  }

  #checkUp(name: string, { claims, lost, wishes, dismissed }: WorldVm, accounts: readonly DeviceAccount[]): void {
    for (const claim of claims) must(this.#isAlive(claim), `${name} has only what is there`);
    for (const { condition } of accounts) {
      must(RESTING.has(condition.is), `${condition.is} is no rest`);
      if (condition.is === 'yields') must(this.#vms.has(condition.to), `${condition.to} is a VM`);
    }
    const isFree = (key: ClaimKey): boolean =>
      this.#holders(key).length === 0 && !dismissed.some((one) => sameKey(one, key));
    for (const { key } of lost) {
      const isBack = [...this.#devices.values()].some((device) => sameKey(this.#key(device), key));
      must(!isBack || !isFree(key), `${name} gets back what it had`);
    }
    for (const { selector } of wishes) {
      const [device, ...more] = matchSelector(selector, this.#inventory);
      const isAlone = device !== undefined && more.length === 0;
      must(!isAlone || !isFree(this.#key(device)), `${name} gets what it wishes: ${selector.text}`);
    }
  }

  /** @returns `VM port` of all that VMs have */
  get has(): string[] {
    return [...this.#vms].flatMap(([name, { claims }]) => claims.map(({ port }) => `${name} ${port}`)).toSorted();
  }

  #decide(): Decision {
    const inventory = this.#inventory;
    const time = this.#time;
    this.#firstSeen = new Map(
      inventory.devices.map((one) => [seenKey(one), this.#firstSeen.get(seenKey(one)) ?? time]),
    );
    const vms = [...this.#vms].map(([name, vm]) => vmNamed(name, { ...vm, isBusy: false }));
    this.#twins = new Set([...this.#twins, ...twinsAmong(inventory.devices)]);
    const [firstSeen, twins] = [this.#firstSeen, this.#twins];
    const sight: Sight = { inventory, vms, foreign: [], firstSeen, twins, time, wall: EPOCH + time };
    const decision = decide(sight, this.#attempts);
    this.#attempts = withoutOld(this.#attempts, time);
    for (const work of decision.work) if (work.do === 'attach') this.#checkAttach(work.vm, work.device);
    return decision;
  }

  get #inventory(): HostInventory {
    return { devices: [...this.#devices.values()], hubs: RECORDED.hubs };
  }

  #key(device: HostDevice): ClaimKey {
    return keyOf(device, this.#inventory);
  }

  #isAlive({ key, address }: Claim): boolean {
    return [...this.#devices.values()].some(
      (one) => sameKey(this.#key(one), key) && `${one.bus}.${one.address}` === address,
    );
  }

  #holders(key: ClaimKey): string[] {
    return [...this.#vms].flatMap(([name, { claims }]) => (claims.some((one) => sameKey(one.key, key)) ? name : []));
  }

  /** Nobody is given what another VM has, or what it has already. */
  #checkAttach(vm: string, device: HostDevice): void {
    const key = this.#key(device);
    must(
      this.#holders(key).every((holder) => holder === vm),
      `${vm} is given what nobody else has`,
    );
    const own = this.#vms.get(vm)?.claims.find((one) => sameKey(one.key, key));
    must(own === undefined || !this.#isAlive(own), `${vm} is not given what it has`);
  }

  #check(): void {
    for (const device of this.#devices.values())
      must(this.#holders(this.#key(device)).length < 2, `${device.port} has one VM`);
  }

  #try(work: Work): void {
    const vm = this.#vms.get(work.vm);
    if (work.do === 'check') return;
    const tried = vm === undefined ? FAILED : this.#act(work, vm);
    this.#attempts = withTry(this.#attempts, { key: work.attempt, address: work.address, time: this.#time }, tried);
  }

  #act(work: Exclude<Work, { do: 'check' }>, vm: WorldVm): Tried {
    if (work.do === 'free') {
      this.#free(vm, work.claim, work.wish);
      return { is: 'freed', findings: [] };
    }
    if (this.#failures > 0) {
      this.#failures--;
      return FAILED;
    }
    const { device, dead, wish } = work;
    const lost = dead === undefined ? work.lost : this.#free(vm, dead, wish);
    const isThere = this.#devices.get(device.port)?.address === device.address;
    if (!isThere || vm.state !== 'up' || this.#holders(this.#key(device)).length > 0) return FAILED;
    this.#give(work.vm, vm, device);
    if (lost !== undefined) {
      const { vendorId, productId } = lost.key;
      const isBack = vendorId === device.vendorId && productId === device.productId;
      vm.lost = vm.lost.filter((one) => !sameKey(one.key, lost.key));
      if (!isBack) vm.lost.push({ ...lost, since: this.#now });
    }
    return { is: 'attached', findings: [] };
  }

  #free(vm: WorldVm, claim: Claim, wish: StandingWish | undefined): LostDevice {
    const { key, owner, label, guardOff } = claim;
    const { hold = 30_000, also = [] } = wish ?? {};
    const since = this.#now;
    const lost: LostDevice = { key, owner, label, place: undefined, guardOff, hold, also, since };
    vm.claims = vm.claims.filter((one) => !sameKey(one.key, key));
    vm.lost = vm.lost
      .filter((one) => !sameKey(one.key, key))
      .map((one) => (one.key.connector === key.connector ? { ...one, since } : one));
    vm.lost.push(lost);
    return lost;
  }

  #give(name: string, vm: WorldVm, device: HostDevice): void {
    const claim = claimOf(name, this.#inventory, device.port, { owner: ownerNamed(name), since: this.#now });
    vm.claims = [...vm.claims.filter((one) => !sameKey(one.key, claim.key)), claim];
  }

  get #now(): string {
    return new Date(EPOCH + this.#time).toISOString();
  }
}

/** The conditions in which nothing is about to happen. */
const RESTING: ReadonlySet<Condition['is']> = new Set([
  'attached',
  'lost',
  'absent',
  'ambiguous',
  'yields',
  'detached',
]);

const FAILED: Tried = { is: 'failed', reason: [] };

/** As `expect`, which takes too long for so many looks. */
function must(isSo: boolean, what: string): void {
  if (!isSo) expect.fail(`not so: ${what}`);
}
