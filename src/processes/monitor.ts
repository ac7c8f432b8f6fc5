/** Where a monitor of QEMU is, in the view of QEMU's process: a path counts from its root, a port in its network namespace. */
export type MonitorPlace =
  /** `path`: absolute, or from QEMU's working directory. `listens`: whether QEMU waits for clients there (server=on). */
  | { readonly kind: 'unix'; readonly path: string; readonly listens: boolean }
  /** `host`: empty for all addresses. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly listens: boolean }
  /** A descriptor that QEMU inherited. */
  | { readonly kind: 'fd'; readonly fd: number }
  /** Standard input and output, a pipe, a serial line, …: QEMU's word for it. */
  | { readonly kind: 'other'; readonly what: string };

/** A monitor that QEMU's arguments name. */
export interface Monitor {
  /** `qmp`: the machine protocol (`mode=control`); `hmp`: the monitor for people. */
  readonly protocol: 'qmp' | 'hmp';
  readonly place: MonitorPlace;
}
