import { isSameProcess, type ProcessIdentity } from '../base/index.js';
import type { GuardKind } from '../diag/index.js';

/** Which physical device a claim is about: where it is plugged in, and what it is. It outlives replugs, unlike bus.addr. */
export interface ClaimKey {
  /** The host controller and the connector's lower-numbered half: both halves of one connector are one. */
  readonly connector: string;
  readonly vendorId: number;
  readonly productId: number;
  /** Raw, as the device told it; empty without one. */
  readonly serial: string;
}

/** To whom a claimed device belongs. */
export interface ClaimOwner {
  /** The VM's name; of an adopted one its socket. */
  readonly vm: string;
  /** The monitor by which qplug reaches it. */
  readonly socket: string;
  /** QEMU; before it was started, the qplug that starts it; undefined where it can't be told who it is. */
  readonly process: ProcessIdentity | undefined;
  /** Device and inode of the socket's file, the same by whichever path; undefined where qplug made the VM, or an older one wrote this. */
  readonly socketFile?: string | undefined;
}

/**
 * How far a claim has come. `attaching`, `detaching`: a qplug (`worker`) is at it · `attached`: settled · `failed`: the VM has lost
 * it, or the host has not got it back; `reason` says why
 */
export type ClaimState = (typeof CLAIM_STATES)[number];

export const CLAIM_STATES = ['attaching', 'attached', 'detaching', 'failed'] as const;

/** A driver of the host that an interface had: `['1-2:1.0', 'usb-storage']`; undefined: none, and it gets none back. */
export type BoundBefore = readonly (readonly [interfaceName: string, driver: string | null])[];

/** A host device belongs to a VM. */
export interface Claim {
  readonly key: ClaimKey;
  readonly owner: ClaimOwner;
  readonly state: ClaimState;
  /** Why it is as it is: when it failed, and when nobody could ask its VM. */
  readonly reason: string | undefined;
  /** The qplug that changes it now; undefined when it is settled. */
  readonly worker: ProcessIdentity | undefined;
  /** Its id in the VM. */
  readonly device: string;
  /** How people call it, printable. */
  readonly label: string;
  /** Where it was plugged in when it was claimed: sysfs' name, as `1-2.3`. */
  readonly port: string;
  readonly drivers: BoundBefore;
  /** The bus.addr that it had then, as `1.5`: with another one QEMU has lost it. Undefined where an older qplug claimed it. */
  readonly address: string | undefined;
  /** Guards that spoke against it, and that somebody who knew better took away for it. */
  readonly guardOff: readonly GuardKind[];
  /** Since when it is in this state: ISO 8601. */
  readonly since: string;
}

/** @returns whether both are the same VM: the same process; where one is not known the same socket, as its file or else its path tells */
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
