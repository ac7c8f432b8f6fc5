import { keyOf } from '../../access/index.js';
import type { HostInventory } from '../../host/index.js';
import type { Placement, Plan } from '../../planner/index.js';
import { controllerDevice, megabits, usbHub } from '../../qdev/index.js';
import type { AddStep, ChangeStep } from '../steps/index.js';
import type { Wanted } from './wanted.js';

/** @returns the steps that carry out a plan, in the plan's order, which QEMU accepts */
export function stepsOf(plan: Plan, wanted: readonly Wanted[], inventory: HostInventory): ChangeStep[] {
  const byKey = new Map(wanted.map((one) => [one.request.key, one]));
  return plan.steps.flatMap((step) => stepOf(step, byKey, inventory) ?? []);
}

function stepOf(
  step: Plan['steps'][number],
  byKey: ReadonlyMap<string, Wanted>,
  inventory: HostInventory,
): ChangeStep | undefined {
  switch (step.add) {
    case 'controller':
      return { do: 'add', device: controllerDevice(step.controller), label: `controller ${step.controller.id}` };
    case 'hub':
      return { do: 'add', device: usbHub(step.hub), label: `hub ${step.hub.id}`, megabits: megabits('full') };
    case 'device': {
      const one = byKey.get(step.placement.key);
      return one && addStep(one, step.placement, inventory);
    }
  }
}

/** @returns the step that plugs a device into its planned port */
export function addStep(
  { spell, label, hostDevice }: Wanted,
  { bus, port, speed }: Placement,
  inventory: HostInventory,
): AddStep {
  const identity = hostDevice && keyOf(hostDevice, inventory);
  return {
    do: 'add',
    device: spell(bus, port),
    label,
    hostPort: hostDevice?.port,
    identity,
    megabits: megabits(speed),
  };
}
