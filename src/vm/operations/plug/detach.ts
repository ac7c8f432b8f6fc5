import {
  type DismissedDevice,
  dismiss,
  type HostAccess,
  hostDeviceOf,
  matchesKey,
  ownerOf,
} from '../../../access/index.js';
import { type Finding, finding, throwErrors } from '../../../diag/index.js';
import { formatId, type HostDevice, isSelector, matchSelector, parseSelector } from '../../../host/index.js';
import { type AttachedDevice, type Controller, parseDeviceId, type Topology } from '../../../qdev/index.js';
import { type Claim, type LostDevice, sameOwner } from '../../../registry/index.js';
import { leftoversOf } from '../../observe/index.js';
import { within } from '../../operation.js';
import { readSituation, type Situation } from '../../plan/index.js';
import { type Removal, removalStep } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { type BothOperation, changedVm, changeVm } from '../../transaction/index.js';

/** One detached device. */
export interface DetachedReport {
  readonly id: string;
  readonly label: string;
  readonly bus: string;
  readonly port: string | undefined;
  /** The host device if it is still plugged in, with its present drivers. */
  readonly hostDevice: HostDevice | undefined;
}

export interface DetachReport {
  readonly vm: string;
  readonly devices: readonly DetachedReport[];
  readonly findings: readonly Finding[];
}

/** `kind`: the command that the journal records; default `detach`. See `BY_HAND`. */
export type DetachOperation = BothOperation & {
  readonly kind?: string | undefined;
  /** The situation, if the caller has read it already. */
  readonly before?: Situation | undefined;
};

/** The kinds of a detach that a person asked for: the device then stays away from the VM until a person gives it back. */
const BY_HAND: readonly string[] = ['detach', 'release'];

/** A device of the VM that a word of the command line matches. */
interface DeviceInVm {
  readonly controller: Controller;
  readonly device: AttachedDevice;
}

/**
 * Detaches devices from a running VM: all of them or none. Waits until QEMU has removed each device, then until the host's drivers have
 * bound it again. A host device that a person detaches (`BY_HAND`) stays away from this VM: see `Dismissal`.
 *
 * @param words - ids in the VM, or selectors of host devices
 * @throws QplugError `not-attached`, `detach-ambiguous`, `hub-in-use` before any change; `removal-pending` with the removed
 *   devices plugged in again
 */
export async function detach(
  vm: OpenVm,
  words: readonly string[],
  host: HostAccess,
  operation: DetachOperation,
): Promise<DetachReport> {
  return within(operation, `detach from ${vm.name}`, async (signal) => {
    const situation = operation.before ?? (await readSituation(vm, host, { models: () => [], signal }));
    const { inventory: before, claims } = situation;
    const lost = BY_HAND.includes(operation.kind ?? 'detach')
      ? lostOf(words, situation, host)
      : new Map<string, LostDevice[]>();
    const found = findAll(
      words.filter((word) => !lost.has(word)),
      situation,
    );
    const steps = found.map(({ device, controller }) => removalStep(device, controller, before, claims));
    const { kind = 'detach' } = operation;
    const change = { kind, recover: 'finish', steps, inventory: before } as const;
    const gone = [...lost.values()].flat();
    const undismiss = BY_HAND.includes(kind)
      ? dismiss([...dismissedBy(steps, claims), ...gone], ownerOf(vm), host)
      : () => undefined;
    const { findings, after } = await changeVm(changedVm(vm), change, host, { ...operation, signal }).catch((error) => {
      undismiss();
      throw error;
    });
    for (const one of gone) host.claims.lost.remove(one);
    const forgotten = gone.map(({ label }) =>
      finding('lost-device-forgotten', { label, vm: vm.name }, { severity: 'note' }),
    );
    const devices = found.map(
      ({ device, controller }, index): DetachedReport => ({
        id: device.id ?? device.qomPath ?? '',
        label: steps[index]?.label ?? '',
        bus: controller.bus,
        port: device.port,
        hostDevice: hostDeviceOf(device, after, claims),
      }),
    );
    return { vm: vm.name, devices, findings: [...forgotten, ...findings] };
  });
}

/**
 * Finds the words that name no device in the VM, but devices that it lost: a person gives these up.
 *
 * @returns the lost devices by word
 */
export function lostOf(words: readonly string[], situation: Situation, host: HostAccess): Map<string, LostDevice[]> {
  const { vm, inventory } = situation;
  const lost = host.claims.lost.list().filter((one) => sameOwner(one.owner, ownerOf(vm)));
  const named = words.flatMap((word): [string, LostDevice[]][] => {
    const matching = lost.filter(({ key }) => matchesKey(word, key, inventory));
    return matching.length === 0 || findOne(word, situation).length > 0 ? [] : [[word, matching]];
  });
  return new Map(named);
}

/** The host devices that leave; of one that is no longer plugged in only a claim says which it was. */
function dismissedBy(steps: readonly Removal[], claims: readonly Claim[]): DismissedDevice[] {
  return steps.flatMap(({ identity, target, label }) => {
    const claim = claims.find(({ device }) => device === target);
    const key = identity ?? claim?.key;
    return key === undefined ? [] : [{ key, label: identity === undefined ? (claim?.label ?? label) : label }];
  });
}

function findAll(words: readonly string[], situation: Situation): DeviceInVm[] {
  const { name: vm } = situation.vm;
  const { topology } = situation;
  const findings: Finding[] = [];
  const found: DeviceInVm[] = [];
  for (const word of words) {
    const matches = findOne(word, situation);
    const [first] = matches;
    if (first === undefined) findings.push(finding('not-attached', { selector: word, vm, ids: idsOf(topology) }));
    else if (matches.length > 1) {
      const ids = matches.map(({ device }) => device.id ?? device.qomPath ?? '');
      findings.push(finding('detach-ambiguous', { selector: word, vm, ids }));
    } else if (!found.some(({ device }) => device === first.device)) found.push(first);
  }
  for (const { device, controller } of found) findings.push(...hubFindings(device, controller, found, vm));
  throwErrors(findings);
  // devices behind a hub leave before the hub
  return found.sort((a, b) => (b.device.port ?? '').length - (a.device.port ?? '').length);
}

export function idsOf(topology: Topology): string[] {
  return topology.controllers.flatMap(({ devices }) => devices.map((one) => one.id ?? one.qomPath ?? ''));
}

/** @returns the devices of a VM that a word matches: an id, a QOM path, or a selector of a host device */
export function findOne(word: string, { topology, inventory, claims }: Situation): DeviceInVm[] {
  const all = topology.controllers.flatMap((controller) =>
    controller.devices.map((device) => ({ controller, device })),
  );
  const named = all.filter(({ device }) => device.id === word || device.qomPath === word);
  if (named.length > 0) return named;
  const passed = all.filter(({ device }) => device.driver === 'usb-host');
  const selector = parseSelector(word);
  // not a selector, so it is an unknown id
  if (!isSelector(selector)) return [];
  const matching = matchSelector(selector, inventory);
  const present = passed.filter(({ device }) => {
    const hostDevice = hostDeviceOf(device, inventory, claims);
    return hostDevice !== undefined && matching.some(({ port }) => port === hostDevice.port);
  });
  if (present.length > 0) return present;
  // gone from the host: an id by qplug still identifies the device, and a claim the connector where another device is now
  const places = selector.by === 'port' || selector.by === 'location' ? matching : [];
  const left = places.flatMap((one) => leftoversOf(topology, one, claims, inventory));
  return passed.filter(
    ({ device }) =>
      (device.id !== undefined && matchesId(word, device.id)) || left.some((one) => one.standing.device === device),
  );
}

function matchesId(word: string, id: string): boolean {
  const was = parseDeviceId(id);
  if (was === undefined) return false;
  return word === was.port || word.toLowerCase() === formatId(was.vendorId, was.productId);
}

function hubFindings(
  hub: AttachedDevice,
  controller: Controller,
  leaving: readonly DeviceInVm[],
  vm: string,
): Finding[] {
  if (hub.driver !== 'usb-hub' || hub.port === undefined) return [];
  const behind = controller.devices.filter(
    (one) => one.port?.startsWith(`${hub.port}.`) === true && !leaving.some(({ device }) => device === one),
  );
  if (behind.length === 0) return [];
  const devices = behind.map((one) => one.id ?? one.qomPath ?? '');
  return [finding('hub-in-use', { id: hub.id ?? hub.qomPath ?? '', vm, devices })];
}
