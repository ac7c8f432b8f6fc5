import type { Guard } from '../../diag/index.js';
import type { HostDevice } from '../usb-device.js';
import type { GuardFacts } from './facts.js';
import type { KernelObjects } from './kernel-objects.js';

type Facts = Pick<GuardFacts, 'inputs' | 'seats' | 'adapters'>;

/** Guards for the only keyboard or pointer of a seat in use, and for the adapter of a Bluetooth one. */
export function inputGuards({ port }: HostDevice, objects: KernelObjects, facts: Facts): Guard[] {
  const adapter = objects.bluetooth.find((name) => /^hci\d+$/.test(name));
  if (adapter !== undefined) return bluetoothGuards(adapter, port, facts);
  return [...onlyOne('keyboard', port, facts), ...onlyOne('pointer', port, facts)];
}

function onlyOne(kind: 'keyboard' | 'pointer', port: string, { inputs, seats }: Facts): Guard[] {
  const alike = inputs.filter((one) => one[kind]);
  return [...seats].flatMap(([seat, use]): Guard[] => {
    const there = alike.filter((one) => one.seat === seat);
    const [own] = there.filter((one) => one.port === port);
    if (own === undefined || there.some((one) => one.port !== port)) return [];
    return [{ kind, input: own.name, seat, use }];
  });
}

/**
 * Keyboards and pointers of classic Bluetooth are below their adapter in sysfs (net/bluetooth/hidp). Those of Bluetooth Low Energy are
 * created by bluetoothd through uhid, which does not show the adapter; if the host has only one adapter, it is that one.
 */
function bluetoothGuards(adapter: string, port: string, { inputs, adapters }: Facts): Guard[] {
  const below = inputs.filter((one) => one.wireless && one.port === port);
  if (below.length > 0) return [{ kind: 'bluetooth', adapter, inputs: namesOf(below), sure: true }];
  const loose = inputs.filter((one) => one.wireless && one.port === undefined);
  if (loose.length === 0 || adapters.length !== 1) return [];
  return [{ kind: 'bluetooth', adapter, inputs: namesOf(loose), sure: false }];
}

function namesOf(inputs: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(inputs.map(({ name }) => name))];
}
