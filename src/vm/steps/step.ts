import type { FileChange } from '../../config/index.js';
import type { NodeGrant } from '../../host/index.js';
import type { DeviceSpec } from '../../qdev/index.js';
import type { ClaimKey, SnapshotRecord } from '../../registry/index.js';
import type { StatePlace } from './saved-state.js';

/** `device_add` of a controller, a hub or a device. */
export interface AddStep {
  readonly do: 'add';
  readonly device: DeviceSpec;
  /** For messages; printable. */
  readonly label: string;
  /** For a usb-host: its host port, whose drivers qplug checks after an undo. */
  readonly hostPort?: string | undefined;
  /** As in `RemoveStep`. */
  readonly identity?: ClaimKey | undefined;
  /** Planned speed in Mb/s: qplug compares it with QEMU's. */
  readonly megabits?: number | undefined;
  /**
   * Whether the transaction continues if the device is not available: the VM can start without it, or its state is saved or loaded, which
   * qplug does not undo because of one device.
   */
  readonly optional?: boolean | undefined;
  /** The grant on the device's node for QEMU's user while QEMU opens it. */
  readonly grant?: NodeGrant | undefined;
}

/** `device_del`, and the wait for its end. */
export interface RemoveStep {
  readonly do: 'remove';
  /** The argument of `device_del`: an id, or an absolute QOM path. */
  readonly target: string;
  readonly qomPath: string;
  readonly label: string;
  /** The `device_add` that brings it back; undefined if qplug does not know how it was created. */
  readonly restore: DeviceSpec | undefined;
  /** Whether its device is gone: an undo does not bring it back. */
  readonly stale?: boolean | undefined;
  readonly hostPort?: string | undefined;
  /** The host device: an undo does not plug in another device that has its address by then. */
  readonly identity?: ClaimKey | undefined;
  /** The grant on the device's node for QEMU's user while QEMU opens it again. */
  readonly grant?: NodeGrant | undefined;
}

/** Changes the VM's file. */
export interface WriteStep {
  readonly do: 'write';
  readonly change: FileChange;
  /** The file's path; printable. */
  readonly label: string;
}

/** Starts QEMU with its guest paused. */
interface LaunchStep {
  readonly do: 'launch';
  /** The VM's name, by which the registry knows its process. */
  readonly vm: string;
  /** When its record was created: distinguishes it from a later one. */
  readonly created: string;
  /** The user of QEMU; absent in journals of older releases. */
  readonly uid?: number | undefined;
  readonly label: string;
}

/** Resumes the guest of a new VM. */
interface GoStep {
  readonly do: 'go';
  readonly label: string;
}

/** Pauses or resumes the guest. */
interface PauseStep {
  readonly do: 'pause' | 'continue';
  readonly label: string;
}

/** Deletes a saved state from the disks that have it. */
interface DeleteStep extends StatePlace {
  readonly do: 'delete-state';
  readonly label: string;
}

/** Saves a state, with its record. */
interface SaveStep extends StatePlace {
  readonly do: 'save-state';
  readonly record: SnapshotRecord;
  readonly label: string;
}

/** Loads a saved state into the VM. The former state is lost as soon as it begins. */
interface LoadStep extends StatePlace {
  readonly do: 'load-state';
  readonly label: string;
}

/** Migrates the guest to another QEMU or a file. After that nothing can be undone. */
export interface MigrateStep {
  readonly do: 'migrate';
  /** In QEMU's syntax. */
  readonly uri: string;
  /** Whether qplug makes QEMU wait for the other side's confirmation, and resets that setting afterwards. */
  readonly setsReturnPath: boolean;
  readonly label: string;
}

/** A change to a running VM over QMP, or to its file. */
export type ChangeStep = AddStep | RemoveStep | PauseStep | WriteStep | SaveStep | LoadStep | DeleteStep | MigrateStep;

/**
 * One step of a transaction, as plain data. The journal contains it before qplug performs it, so that a later qplug can finish or undo it.
 * Every change to a VM is a list of steps.
 */
export type Step = ChangeStep | LaunchStep | GoStep;

/** An event of a step, for progress lines. */
export type StepEvent = {
  readonly event: 'doing' | 'done' | 'undoing' | 'undone' | 'not-undone';
  readonly step: Step;
};
