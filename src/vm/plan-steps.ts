import type { Plan } from '../planner/index.js';
import { controllerDevice, usbHub } from '../qdev/index.js';
import type { ChangeStep } from './step.js';
import type { Wanted } from './wanted.js';

/** @returns the steps that make a plan true, in the plan's order, which QEMU takes */
export function stepsOf(plan: Plan, wanted: readonly Wanted[]): ChangeStep[] {
  const byKey = new Map(wanted.map((one) => [one.request.key, one]));
  return plan.steps.flatMap((step) => stepOf(step, byKey) ?? []);
}

function stepOf(step: Plan['steps'][number], byKey: ReadonlyMap<string, Wanted>): ChangeStep | undefined {
  switch (step.add) {
    case 'controller':
      return { do: 'add', device: controllerDevice(step.controller), label: `controller ${step.controller.id}` };
    case 'hub':
      return { do: 'add', device: usbHub(step.hub), label: `hub ${step.hub.id}` };
    case 'device': {
      const { key, bus, port } = step.placement;
      const one = byKey.get(key);
      return one && { do: 'add', device: one.spell(bus, port), label: one.label, hostPort: one.host?.port };
    }
  }
}
