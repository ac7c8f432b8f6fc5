import { describe, type Finding, finding, printable, QplugError } from '../diag/index.js';
import type { AddStep } from './step.js';

/** @returns the warning that a device of the host could not be put back into its VM */
export function notBack({ device: { properties }, label, hostPort }: AddStep, vm: string, error: unknown): Finding {
  const { bus, port } = properties;
  const evidence = {
    label,
    vm,
    selector: hostPort ?? '',
    bus: String(bus),
    port: String(port),
    reason: reasonOf(error),
  };
  return finding('device-not-back', evidence, { severity: 'warning' });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof QplugError)) return printable(error instanceof Error ? error.message : String(error));
  const { what, why } = describe(error.findings[0]);
  return why === undefined ? what : `${what}: ${why}`;
}
