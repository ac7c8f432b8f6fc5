import { isSameProcess, type ProcessIdentity } from '../../base/index.js';
import type { GuardKind } from '../../diag/index.js';

/** The identity of a claim's physical device: its connector and its ids. Unlike bus.addr, it survives a replug. */
export interface ClaimKey {
  /** The host controller and the connector's lower-numbered half: both halves of one connector are one. */
  readonly connector: string;
  readonly vendorId: number;
  readonly productId: number;
  /** Raw, from the device; empty without one. */
  readonly serial: string;
}

/** The VM that a claimed device belongs to. */
export interface ClaimOwner {
  /** The VM's name; for an adopted VM its socket. */
  readonly vm: string;
  /** The monitor by which qplug reaches it. */
  readonly socket: string;
  /** QEMU, or before its start the qplug process that starts it; undefined if unknown. */
  readonly process: ProcessIdentity | undefined;
  /** Device and inode of the socket's file, the same for every path; undefined if qplug started the VM, or an older release wrote this. */
  readonly socketFile?: string | undefined;
}

/**
 * The state of a claim. `attaching`, `detaching`: a qplug process (`worker`) is working on it · `attached`: settled · `failed`: the VM has
 * lost the device, or the host has not got it back; `reason` says why
 */
export type ClaimState = (typeof CLAIM_STATES)[number];

export const CLAIM_STATES = ['attaching', 'attached', 'detaching', 'failed'] as const;

/** The former host driver of each interface: `['1-2:1.0', 'usb-storage']`; null: it had none, and gets none back. */
export type BoundBefore = readonly (readonly [interfaceName: string, driver: string | null])[];

/** The claim of a VM on a host device. */
export interface Claim {
  readonly key: ClaimKey;
  readonly owner: ClaimOwner;
  readonly state: ClaimState;
  /** The reason of a failure, or that its VM does not answer. */
  readonly reason: string | undefined;
  /** The qplug process that changes it now; undefined if it is settled. */
  readonly worker: ProcessIdentity | undefined;
  /** Its id in the VM. */
  readonly device: string;
  /** For messages; printable. */
  readonly label: string;
  /** Its host port at the time of the claim: sysfs' name, such as `1-2.3`. */
  readonly port: string;
  readonly drivers: BoundBefore;
  /** Its bus.addr at the time of the claim, such as `1.5`: if that changes, QEMU has lost it. Undefined in a claim of an older release. */
  readonly address: string | undefined;
  /** Guards against it that the user switched off. */
  readonly guardOff: readonly GuardKind[];
  /** When it entered this state: ISO 8601. */
  readonly since: string;
}

/** @returns whether both are the same VM: the same process; if one is unknown, the same socket file, or else the same socket path */
export function sameOwner(a: ClaimOwner, b: ClaimOwner): boolean {
  if (a.process !== undefined && b.process !== undefined) return isSameProcess(a.process, b.process);
  if (a.socketFile !== undefined && b.socketFile !== undefined) return a.socketFile === b.socketFile;
  return a.socket === b.socket;
}

export function sameKey(a: ClaimKey, b: ClaimKey): boolean {
  return (
    a.connector === b.connector && a.vendorId === b.vendorId && a.productId === b.productId && a.serial === b.serial
  );
}
