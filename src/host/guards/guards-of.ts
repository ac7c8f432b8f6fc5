import { GUARD_KINDS, type Guard, type HolderProcess } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { diskGuards } from './disk-guards.js';
import type { GuardFacts } from './facts.js';
import { inputGuards } from './input-guards.js';
import { networkGuards } from './network-guards.js';
import { isGetty } from './serial-facts.js';
import { SMART_CARD } from './token-facts.js';

/**
 * Why the host itself needs a device. The function is pure: the same facts give the same guards.
 *
 * @param facts - read for this device, with others or alone
 * @returns every reason, in the order of `GUARD_KINDS`; none if the host can do without the device
 */
export function guardsOf(device: HostDevice, inventory: HostInventory, facts: GuardFacts): readonly Guard[] {
  if (device.isHub) return [{ kind: 'hub', below: portsBelow(device, inventory) }];
  const objects = facts.objects.get(device.port);
  if (objects === undefined) return [];
  const guards = [
    ...diskGuards(objects.block, facts),
    ...inputGuards(device, objects, facts),
    ...networkGuards(objects.net, facts),
    ...serialGuards(objects.tty, facts),
    ...programGuards(device, objects.hidraw, facts),
  ];
  return guards.sort((a, b) => GUARD_KINDS.indexOf(a.kind) - GUARD_KINDS.indexOf(b.kind));
}

function portsBelow(hub: HostDevice, { devices, hubs }: HostInventory): readonly string[] {
  return [...devices, ...hubs]
    .filter((one) => one.bus === hub.bus && one.chain.length > hub.chain.length)
    .filter((one) => hub.chain.every((port, level) => one.chain[level] === port))
    .map((one) => one.port);
}

function serialGuards(ttys: readonly string[], { consoles, holders }: GuardFacts): Guard[] {
  return ttys.flatMap((name): Guard[] => {
    const node = `/dev/${name}`;
    const open = holders.get(name) ?? [];
    const getty = open.find((one) => isGetty(one.name));
    if (getty !== undefined) return [{ kind: 'console', node, use: 'getty', process: getty }];
    if (consoles.active.has(name)) return [{ kind: 'console', node, use: 'active' }];
    if (consoles.commandLine.has(name)) return [{ kind: 'console', node, use: 'command-line' }];
    return open.length === 0 ? [] : [{ kind: 'serial', node, processes: open }];
  });
}

/** Programs that use the device directly: through usbfs, or through hidraw for a security key. */
function programGuards(device: HostDevice, hidraws: readonly string[], facts: GuardFacts): Guard[] {
  const { node } = device;
  const holders = facts.holders.get(node.slice(node.indexOf('/bus/usb/') + 1)) ?? [];
  const claimed = device.interfaces.filter((one) => one.driver === 'usbfs').map((one) => one.name);
  const keys = hidraws.filter((name) => facts.securityKeys.has(name));
  const guards = keys.flatMap((name): Guard[] => {
    const processes = facts.holders.get(name) ?? [];
    return processes.length === 0 ? [] : [{ kind: 'token', node: `/dev/${name}`, processes, sure: true }];
  });
  const isToken = keys.length > 0 || device.classes.includes(SMART_CARD);
  // a QEMU that has a card reader is a VM, not a daemon
  const own = (one: HolderProcess): boolean => isToken && one.vm === undefined;
  const [serving, others] = [holders.filter(own), holders.filter((one) => !own(one))];
  if (serving.length > 0) guards.push({ kind: 'token', node, processes: serving, sure: true });
  const daemons = device.classes.includes(SMART_CARD) ? facts.tokenDaemons : [];
  const unseen = holders.length === 0 && claimed.length > 0;
  if (unseen && daemons.length > 0) guards.push({ kind: 'token', node, processes: daemons, sure: false });
  if (others.length > 0 || (unseen && daemons.length === 0)) {
    guards.push({ kind: 'in-use', node, processes: others, claimed });
  }
  return guards;
}
