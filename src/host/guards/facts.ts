import type { HolderProcess, SeatUse } from '../../diag/index.js';
import type { HostDevice } from '../usb-device.js';
import { type BlockFacts, readBlocks } from './disk-facts.js';
import { type NodeName, walkProcesses } from './holders.js';
import type { HostFiles } from './host-files.js';
import { type InputFacts, readInputs, useOfSeat } from './input-facts.js';
import { type KernelObjects, objectsOf, readClasses } from './kernel-objects.js';
import { readMounts } from './mounts.js';
import { type NetworkFacts, readNetwork } from './network-facts.js';
import { type ConsoleFacts, readConsoles } from './serial-facts.js';
import { isSecurityKey, SMART_CARD, tokenDaemons } from './token-facts.js';

/** What the host does with some USB devices, and all that `guardsOf` needs to judge that. Plain data. */
export interface GuardFacts {
  /** By the device's port: what the kernel made from it. */
  readonly objects: ReadonlyMap<string, KernelObjects>;
  /** By name: disks, partitions, and everything that is built on them. */
  readonly blocks: ReadonlyMap<string, BlockFacts>;
  /** Keyboards and pointers of the whole host; empty if none of the devices in question has any. */
  readonly inputs: readonly InputFacts[];
  /** By seat: who uses it. */
  readonly seats: ReadonlyMap<string, SeatUse>;
  /** Names of all Bluetooth adapters of the host. */
  readonly adapters: readonly string[];
  readonly network: NetworkFacts;
  /** Incoming SSH sessions: those to port 22, and those that an SSH server has open. */
  readonly sessions: readonly { readonly peer: string; readonly interfaces: readonly string[] }[];
  readonly consoles: ConsoleFacts;
  /** By name below /dev: who has it open, as far as this user may see. */
  readonly holders: ReadonlyMap<string, readonly HolderProcess[]>;
  /** Names of hidraw devices that are security keys. */
  readonly securityKeys: ReadonlySet<string>;
  /** Running daemons for smart cards. */
  readonly tokenDaemons: readonly HolderProcess[];
}

/**
 * Reads what is needed to judge some devices, and nothing else. It reads each file at most once, and only if a device needs it. It walks
 * once over the open files of all processes, if there is any device.
 *
 * @param devices - of this host
 */
export function readGuardFacts(files: HostFiles, devices: readonly HostDevice[]): GuardFacts {
  const lists = readClasses(files);
  const objects = new Map(devices.map(({ port }) => [port, objectsOf(lists, port)]));
  const all = <K extends keyof KernelObjects>(kind: K): string[] => [...objects.values()].flatMap((one) => one[kind]);
  const disks = all('block');
  const mounts = disks.length === 0 ? [] : readMounts(files);
  const blocks = readBlocks(files, disks, { mounts, blocks: lists.block });
  const hasInput = all('input').length > 0 || all('bluetooth').length > 0;
  const inputs = hasInput ? readInputs(files, lists.input) : [];
  const network = readNetwork(files, all('net'));
  const ttys = all('tty');
  const keys = all('hidraw').filter((name) => isSecurityKey(files, name));
  const concerned = new Set(devices.map(({ port }) => port));
  const events = inputs.filter(({ port }) => port !== undefined && concerned.has(port)).flatMap((one) => one.events);
  const walk = walkProcesses(files, {
    nodes: [
      ...devices.map(({ node, bus, address }) => nodeOf(node, bus, address)),
      ...[...blocks.values()].map(({ name, device }) => ({ name, device })),
      ...ttys.map((name) => classNode(files, 'tty', name)),
      ...keys.map((name) => classNode(files, 'hidraw', name)),
      ...events.map((name) => ({ name, device: undefined })),
    ],
    sockets: new Set(network.inbound.map(({ inode }) => inode)),
  });
  const mayBeServed = devices.some((one) => one.classes.includes(SMART_CARD));
  return {
    objects,
    blocks,
    inputs,
    seats: seatsOf(files, inputs, walk.holders),
    adapters: lists.bluetooth.map(({ name }) => name).filter((name) => /^hci\d+$/.test(name)),
    network,
    sessions: network.inbound.filter(({ port, inode }) => isSsh(port, walk.sockets.get(inode)?.name)),
    consoles: readConsoles(files, ttys),
    holders: walk.holders,
    securityKeys: new Set(keys),
    tokenDaemons: mayBeServed ? tokenDaemons(files) : [],
  };
}

/** usbfs numbers its nodes across all buses: major 189, minor (bus - 1) * 128 + address - 1 (drivers/usb/core/usb.c, usb_new_device). */
function nodeOf(node: string, bus: number, address: number): NodeName {
  const name = node.slice(node.indexOf('/bus/usb/') + 1);
  return { name, device: `char 189:${(bus - 1) * 128 + address - 1}` };
}

function classNode(files: HostFiles, kind: string, name: string): NodeName {
  const number = files.text(`/sys/class/${kind}/${name}/dev`)?.trim();
  return { name, device: number === undefined ? undefined : `char ${number}` };
}

function seatsOf(
  files: HostFiles,
  inputs: readonly InputFacts[],
  holders: ReadonlyMap<string, readonly HolderProcess[]>,
): ReadonlyMap<string, SeatUse> {
  const seats = new Map<string, SeatUse>();
  for (const seat of new Set(inputs.map((one) => one.seat))) {
    const events = inputs.filter((one) => one.seat === seat).flatMap((one) => one.events);
    const use = useOfSeat(
      files,
      seat,
      events.flatMap((name) => holders.get(name) ?? []),
    );
    if (use !== undefined) seats.set(seat, use);
  }
  return seats;
}

/** OpenSSH's server, whose process for a session is called sshd-session since 9.8, and dropbear. */
function isSsh(port: number, owner: string | undefined): boolean {
  return port === 22 || /^(sshd|sshd-session|sshd-auth|dropbear)$/.test(owner ?? '');
}
