import { kindOf } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import type { Decision, DeviceAccount, Sight } from '../decide/index.js';
import type { AgentEvent, EventDevice } from './agent-event.js';

/** One look and its decision. */
export interface Look {
  readonly sight: Sight;
  readonly decision: Decision;
}

/** @returns the events between two looks, in the order: devices, VMs, wishes, what became of them */
export function deriveEvents(before: Look | undefined, now: Look): AgentEvent[] {
  return [
    ...deviceEvents(before?.sight.inventory, now.sight.inventory),
    ...vmEvents(before?.sight, now.sight),
    ...wishEvents(before?.sight, now.sight),
    ...accountEvents(before?.decision.accounts ?? [], now),
  ];
}

function deviceEvents(before: HostInventory | undefined, now: HostInventory): AgentEvent[] {
  const name = ({ port, bus, address }: HostDevice): string => `${port} ${bus}.${address}`;
  const had = new Map((before?.devices ?? []).map((one) => [name(one), one]));
  const has = new Map(now.devices.map((one) => [name(one), one]));
  return [
    ...[...had].flatMap(([key, one]): AgentEvent[] =>
      has.has(key) ? [] : [{ event: 'device-gone', device: told(one) }],
    ),
    ...[...has].flatMap(([key, one]): AgentEvent[] =>
      had.has(key) ? [] : [{ event: 'device-seen', device: told(one) }],
    ),
  ];
}

function told({ port, vendorId, productId, serial, name }: HostDevice): EventDevice {
  return { port, vendorId, productId, serial, name };
}

function vmEvents(before: Sight | undefined, now: Sight): AgentEvent[] {
  const was = new Map((before?.vms ?? []).map(({ vm, state }) => [vm, state]));
  const is = new Map(now.vms.map(({ vm, state }) => [vm, state]));
  const ended = [...was.keys()].flatMap((vm): AgentEvent[] => (is.has(vm) ? [] : [{ event: 'vm-down', vm }]));
  const changed = [...is].flatMap(([vm, state]): AgentEvent[] =>
    was.get(vm) === state ? [] : [{ event: `vm-${state}`, vm }],
  );
  return [...ended, ...changed];
}

function wishEvents(before: Sight | undefined, now: Sight): AgentEvent[] {
  const wishesOf = (sight: Sight | undefined) =>
    new Map(
      (sight?.vms ?? []).flatMap(({ vm, wishes }) =>
        wishes.map(({ name, selector }) => [
          `${vm}\n${name}\n${selector.text}`,
          { vm, wish: name, select: selector.text },
        ]),
      ),
    );
  const [was, is] = [wishesOf(before), wishesOf(now)];
  return [
    ...[...was].flatMap(([key, one]): AgentEvent[] => (is.has(key) ? [] : [{ event: 'wish-ended', ...one }])),
    ...[...is].flatMap(([key, one]): AgentEvent[] => (was.has(key) ? [] : [{ event: 'wish-made', ...one }])),
  ];
}

function accountEvents(before: readonly DeviceAccount[], { sight, decision }: Look): AgentEvent[] {
  const name = ({ vm, subject }: DeviceAccount): string => `${vm}\n${subject}`;
  const was = new Map(before.map((one) => [name(one), one]));
  const is = new Map(decision.accounts.map((one) => [name(one), one]));
  const up = new Set(sight.vms.flatMap(({ vm, state }) => (state === 'up' ? vm : [])));
  return [
    // a device that a VM had, and has no more, while nothing more is said about it
    ...[...was].flatMap(([key, { vm, label, condition }]): AgentEvent[] =>
      is.has(key) || condition.is !== 'attached' || !up.has(vm) ? [] : [{ event: 'detached', vm, label }],
    ),
    ...[...is].flatMap(([key, account]) => changeOf(was.get(key), account, sight.time)),
  ];
}

function changeOf(
  before: DeviceAccount | undefined,
  { vm, label, condition }: DeviceAccount,
  time: number,
): AgentEvent[] {
  if (before !== undefined && sameText(before) === sameText({ condition })) return [];
  switch (condition.is) {
    case 'due':
    case 'settling':
      return [];
    case 'attached':
    case 'detached':
    case 'lost':
    case 'absent':
    case 'changing':
    case 'asks':
      return [{ event: condition.is, vm, label }];
    case 'waiting': {
      const { reason: findings, next } = condition;
      const isRefused = findings[0] !== undefined && kindOf(findings[0].code) === 'refused';
      return [{ event: isRefused ? 'refused' : 'waiting', vm, label, findings, retryIn: Math.max(0, next - time) }];
    }
    case 'quarantined':
      return [{ event: 'quarantined', vm, label, retryIn: Math.max(0, condition.next - time) }];
    case 'ambiguous':
      return [{ event: 'ambiguous', vm, label, labels: condition.labels }];
    case 'yields':
      return [{ event: 'yields', vm, label, to: condition.to }];
  }
}

/** The same text for conditions that need no event in between. */
function sameText({ condition }: Pick<DeviceAccount, 'condition'>): string {
  return JSON.stringify(condition);
}
