import type { DeviceRequest, KeptPort } from '../../../src/planner/index.js';
import type { ControllerSpec, PropertyValue } from '../../../src/qdev/index.js';
import type { StandInDevice } from '../harness/oracle-qemu.js';

/**
 * Questions for one QEMU, as plain data: JSON that can be printed, saved and asked again. The oracle makes a machine and adds devices
 * that stay (`before`). Then it adds and removes each probe, and makes, applies and compares each plan.
 */
export interface OracleCase {
  readonly machine: 'pc' | 'q35';
  /** `usb=on`: with the controllers of the machine itself. */
  readonly board: boolean;
  /** q35: how many root ports to plug controllers into. */
  readonly rootPorts: number;
  /** On the command line, in this order. */
  readonly controllers: readonly ControllerSpec[];
  /** The devices of the host. */
  readonly host: readonly StandInDevice[];
  readonly before: readonly Ask[];
  /** Added after those by another user: the oracle predicts nothing for them, but all that follows uses what it reads back. */
  readonly foreign?: readonly Foreign[];
  readonly probes: readonly Ask[];
  readonly plans: readonly PlanAsk[];
}

/** One thing that QEMU is asked to add to a running machine. */
export type Ask =
  | { readonly add: 'device'; readonly id: string; readonly device: Wish; readonly bus: string; readonly port: string }
  | { readonly add: 'controller'; readonly controller: ControllerSpec };

/** A device without a port, perhaps without an id: QEMU chooses, and may put a hub of its own before the last port. */
export interface Foreign {
  readonly driver: string;
  readonly bus: string;
  readonly id?: string;
}

/** A device before it has a place. */
export type Wish =
  | {
      readonly kind: 'emulated';
      readonly driver: string;
      readonly properties: Readonly<Record<string, PropertyValue>>;
    }
  /** `ports` is the requested number, which QEMU may refuse. */
  | { readonly kind: 'hub'; readonly ports: number }
  /** A usb-host of the stand-in's device with this address; there may be no such device. */
  | { readonly kind: 'host'; readonly bus: number; readonly address: number };

/** A request to the planner, whose plan is then applied. */
export interface PlanAsk {
  /** Applied to the running machine, or on the command line of a new one. */
  readonly at: 'live' | 'launch';
  readonly hubs: boolean;
  /** How many controllers may be added at most. */
  readonly controllers: number;
  readonly reserve?: number;
  readonly kept?: readonly KeptPort[];
  readonly devices: readonly (Pick<DeviceRequest, 'mandatory' | 'slower' | 'pin' | 'home'> & {
    readonly id: string;
    readonly wish: Wish;
  })[];
}

/** What a case is counted as. */
export const KINDS = {
  start: 'machines and controllers at launch',
  controller: 'controllers by hot plug',
  hub: 'hubs',
  emulated: 'emulated devices',
  host: 'passed-through devices',
  reading: 'topologies read back',
  'plan-launch': 'plans, applied at launch',
  'plan-live': 'plans, applied live',
  verdict: 'verdicts of plans on single ports',
} as const;

export type Kind = keyof typeof KINDS;
