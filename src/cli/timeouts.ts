/** Seconds that commands may take unless told otherwise: in the help and in effect alike. */

/** attach, detach, qmp */
export const ATTACH_TIMEOUT = 30;

/** status, plan: reading a VM's state. */
export const ANSWER_TIMEOUT = 10;

/** run, until the VM runs. */
export const RUN_TIMEOUT = 60;

/** run: for devices with `when-missing: wait`. */
export const WISH_WAIT = 30;

/** shutdown: what the guest gets. */
export const SHUTDOWN_TIMEOUT = 60;

/** snapshot: a state of some gigabytes is written or read. */
export const SNAPSHOT_TIMEOUT = 600;

/** migrate: for all of it; a guest with much memory over a slow line takes that long. */
export const MIGRATE_TIMEOUT = 900;

/** Before any command: mending what killed processes left, in the VM that the command is about; `mend`: in all. */
export const MEND_TIMEOUT = 30;

/** ms that mending other VMs may take of a command: each, and all together. A QEMU that works answers all that is asked within 1 s. */
export const MEND_SHARES: { readonly each: number; readonly all: number } = { each: 2000, all: 6000 };
