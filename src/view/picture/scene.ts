import { type Finding, printable, describe as wordsOf } from '../../diag/index.js';
import { type Plan, planFindings } from '../../planner/index.js';
import { type Controller, formatVersion, megabits, type Topology } from '../../qdev/index.js';
import type { Prepared, VmStatus } from '../../vm/index.js';
import { speedText } from '../text/index.js';
import { type Describe, type KeptPorts, planWords, statusWords } from '../tree/index.js';

/** What a picture shows, before anything has a place. Strings are printable. */
export interface Scene {
  readonly title: string;
  readonly topology: Topology;
  readonly describe: Describe;
  readonly kept: KeptPorts;
  /** @returns whether a plan adds this controller */
  readonly isAdded: (controller: Controller) => boolean;
  readonly refused: readonly RefusedDevice[];
}

export interface RefusedDevice {
  readonly label: string;
  readonly why: string;
  readonly fix: string | undefined;
}

/** @param vm - the name of the VM, as the user wrote it */
export function planScene(vm: string, plan: Plan, untold: Prepared['untold'] = []): Scene {
  const findings = planFindings(plan, { vm });
  const added = new Set(plan.controllers.map(({ id }) => id));
  return {
    title: `${printable(vm)} as planned, QEMU ${formatVersion(plan.after.version)}`,
    topology: plan.after,
    describe: planWords(plan),
    kept: plan,
    isAdded: ({ id }) => id !== undefined && added.has(id),
    refused: [
      ...plan.refusals.map(({ label, native }, index) => refusedDevice(label, megabits(native), findings[index])),
      ...untold.map(({ label, finding }) => refusedDevice(label, undefined, finding)),
    ],
  };
}

function refusedDevice(label: string, native: number | undefined, found: Finding | undefined): RefusedDevice {
  const { what, why, fix } = found === undefined ? { what: '' } : { why: undefined, fix: undefined, ...wordsOf(found) };
  return { label, why: `${speedText(native)}: ${why ?? what}`, fix };
}

export function statusScene(status: VmStatus): Scene {
  const { vm, run, topology, kept } = status;
  return {
    title: `${printable(vm)}, ${printable(run)}, QEMU ${formatVersion(topology.version)}`,
    topology,
    describe: statusWords(status),
    kept,
    isAdded: () => false,
    refused: [],
  };
}
