import { socketFileOf } from '../base/index.js';
import { loadPolicy, type Policy, type PolicyRule } from '../config/index.js';
import { type Finding, finding, type Severity } from '../diag/index.js';
import {
  type HostDevice,
  type HostInventory,
  isBehindPort,
  isMeantBy,
  labelOf,
  requireSelector,
  selectorFault,
} from '../host/index.js';
import type { HostAccess } from './host-access.js';
import { recordOfSocket } from './owner.js';

/** The policy of this host, and the user to check against it. */
export interface PolicyInForce {
  readonly policy: Policy;
  readonly uid: number;
  /** All groups of the user. */
  readonly gids: readonly number[];
}

/**
 * @returns the present policy of this host, or undefined if there is none
 * @throws QplugError `policy-unusable`, and qplug then passes no device through
 */
export async function policyOf(host: HostAccess): Promise<PolicyInForce | undefined> {
  const { policy: access } = host;
  if (access === undefined) return undefined;
  const policy = await loadPolicy(access.path, selectorFault);
  if (policy === undefined) return undefined;
  // a rule may name qplug's VM by its socket
  const named = (rule: PolicyRule): PolicyRule =>
    rule.vm?.includes('/') === true ? { ...rule, vm: recordOfSocket(rule.vm, host)?.name ?? rule.vm } : rule;
  const rules = { allow: policy.allow?.map(named), deny: policy.deny.map(named) };
  return { policy: { ...policy, ...rules }, uid: access.uid, gids: access.gids };
}

/**
 * Whether the host's policy lets a VM have a device: `deny` wins over `allow`; without `allow` every device is allowed.
 *
 * @returns the finding that the policy denies the device, at the location of the rule, or none
 */
export function policyFindings(
  device: HostDevice,
  vm: string,
  inForce: PolicyInForce | undefined,
  inventory: HostInventory,
  severity: Severity = 'error',
): Finding[] {
  if (inForce === undefined) return [];
  const { policy } = inForce;
  const label = labelOf(device);
  if (!policy.enabled) return [finding('passthrough-disabled', { label, vm, path: policy.path }, { severity })];
  const means = (rule: PolicyRule): boolean => matchesRule(rule, device, vm, inForce, inventory);
  const denied = policy.deny.find(means);
  if (denied !== undefined) {
    const { location } = denied;
    return [finding('policy-denied', { label, vm, path: policy.path, list: 'deny' }, { severity, location })];
  }
  if (policy.allow === undefined || policy.allow.some(means)) return [];
  return [finding('policy-denied', { label, vm, path: policy.path, list: 'allow' }, { severity })];
}

/** A VM that qplug did not start is named by its socket, which has many paths. */
function isSameSocket(one: string, other: string): boolean {
  const file = one.includes('/') ? socketFileOf(one) : undefined;
  return file !== undefined && file === socketFileOf(other);
}

function matchesRule(
  rule: PolicyRule,
  device: HostDevice,
  vm: string,
  { uid, gids }: PolicyInForce,
  inventory: HostInventory,
): boolean {
  const { select, port } = rule;
  return (
    (select === undefined || isMeantBy(select, device, inventory)) &&
    (port === undefined || isBehindPort(requireSelector(port), device, inventory)) &&
    (rule.class === undefined || device.classes.includes(rule.class)) &&
    (rule.uid === undefined || rule.uid === uid) &&
    (rule.gid === undefined || gids.includes(rule.gid)) &&
    (rule.vm === undefined || rule.vm === vm || isSameSocket(rule.vm, vm))
  );
}
