import type { FileChange } from '../../config/index.js';
import type { NodeGrant } from '../../host/index.js';
import type { DeviceSpec } from '../../qdev/index.js';
import type { ClaimKey, SnapshotRecord } from '../../registry/index.js';
import type { StatePlace } from './saved-state.js';

/** `device_add` of a controller, a hub or a device. */
export interface AddStep {
  readonly do: 'add';
  readonly device: DeviceSpec;
  /** How people call it (printable). */
  readonly label: string;
  /** For a usb-host: the host port it comes from, whose drivers are checked after an undo. */
  readonly hostPort?: string | undefined;
  /** As in `RemoveStep`. */
  readonly identity?: ClaimKey | undefined;
  /** Mb/s that it is planned to run at: held against what QEMU shows then. */
  readonly megabits?: number | undefined;
  /** The rest goes on where it can't be had: a VM can start without it, or its guest has been saved, or loaded, and that is not taken back for it. */
  readonly optional?: boolean | undefined;
  /** What QEMU's user is given of the device's node while QEMU opens it. */
  readonly grant?: NodeGrant | undefined;
}

/** `device_del`, waited for. */
export interface RemoveStep {
  readonly do: 'remove';
  /** What `device_del` takes: an id, or an absolute QOM path. */
  readonly target: string;
  readonly qomPath: string;
  readonly label: string;
  /** What brings it back; undefined when qplug does not know how it was made. */
  readonly restore: DeviceSpec | undefined;
  /** It stood for a device that is gone: nobody wants it back. */
  readonly stale?: boolean | undefined;
  readonly hostPort?: string | undefined;
  /** Which device of the host it is: another one that has its address by then is not put back in its stead. */
  readonly identity?: ClaimKey | undefined;
  /** What QEMU's user is given of the device's node while QEMU opens it once more. */
  readonly grant?: NodeGrant | undefined;
}

/** The VM's file is changed with it. */
export interface WriteStep {
  readonly do: 'write';
  readonly change: FileChange;
  /** The file, as people call it (printable). */
  readonly label: string;
}

/** A QEMU is started, its guest paused. */
interface LaunchStep {
  readonly do: 'launch';
  /** The VM's name, under which the registry tells its process. */
  readonly vm: string;
  /** When its record was made: tells it from a later one. */
  readonly created: string;
  /** Whom it runs as; an older qplug has not written it. */
  readonly uid?: number | undefined;
  readonly label: string;
}

/** Its guest runs. */
interface GoStep {
  readonly do: 'go';
  readonly label: string;
}

/** A guest that runs is made to stand still, or the reverse. */
interface PauseStep {
  readonly do: 'pause' | 'continue';
  readonly label: string;
}

/** A saved state is deleted from the disks that have it. */
interface DeleteStep extends StatePlace {
  readonly do: 'delete-state';
  readonly label: string;
}

/** With what is kept of it beside the disks. */
interface SaveStep extends StatePlace {
  readonly do: 'save-state';
  readonly record: SnapshotRecord;
  readonly label: string;
}

/** A VM becomes what it was when its state was saved. Once that was begun nothing brings back what it was before. */
interface LoadStep extends StatePlace {
  readonly do: 'load-state';
  readonly label: string;
}

/** The guest leaves for another QEMU, or a file. Once it is there nothing is undone any more. */
export interface MigrateStep {
  readonly do: 'migrate';
  /** As QEMU reads it. */
  readonly uri: string;
  /** QEMU is made to wait for the other side's word that all arrived, and did not by itself: it is set back afterwards. */
  readonly setsReturnPath: boolean;
  readonly label: string;
}

/** A change to a running VM, done over QMP, or to its file. */
export type ChangeStep = AddStep | RemoveStep | PauseStep | WriteStep | SaveStep | LoadStep | DeleteStep | MigrateStep;

/**
 * One step of a transaction, as plain data: it is written into the journal before it is done, so that whoever finds it there can
 * finish or undo it. Everything that qplug does to a VM is a list of these.
 */
export type Step = ChangeStep | LaunchStep | GoStep;

/** What happened to a step, for progress. */
export type StepEvent = {
  readonly event: 'doing' | 'done' | 'undoing' | 'undone' | 'not-undone';
  readonly step: Step;
};
