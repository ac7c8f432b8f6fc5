import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import type { Lab } from '../../inside/lab.js';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import { objects } from './as-before.js';
import { qplug } from './qplug.js';
import { nodeOf } from './usb-node.js';

interface ToldClaim {
  readonly vm: string;
  readonly state: string;
  readonly device: { readonly id: string; readonly port: string };
  readonly drivers: readonly { readonly interface: string; readonly driver: string | null }[];
}

/** The drivers of the host, by interface. */
export type Drivers = ReadonlyMap<string, string | undefined>;

/** @returns the drivers of all interfaces of the lab's devices, hubs excepted */
export function driversOf(lab: Lab): Drivers {
  return new Map(
    lab
      .devices()
      .filter(({ hub }) => !hub)
      .flatMap(({ drivers }) => [...drivers]),
  );
}

/**
 * Asserts that every device belongs completely to the host or to one VM. A device with a claim has none of the host's drivers and is in the
 * VM; one without a claim is in no VM and has the drivers that it had. No transaction is open, and no node is granted to a user.
 *
 * @param before - the drivers when the host had all devices
 * @param vms - those that may have devices, with the devices that they had before
 * @returns the ids of the devices that are in VMs
 */
export async function settled(
  lab: Lab,
  before: Drivers,
  vms: readonly { readonly vm: NestedQemu; readonly had: readonly string[] }[],
): Promise<string[]> {
  let claims: ToldClaim[] = [];
  // each command tries again to settle a claim whose VM did not answer in time: the lab's processor is emulated
  await lab.until('no claim is half way', async () => {
    const { code, out, err } = await qplug(['claims', '--json']);
    assert.equal(code, 0, err);
    claims = (JSON.parse(out) as { claims: ToldClaim[] }).claims;
    return claims.every(({ state }) => state === 'attached');
  });
  const ids = claims.map(({ device }) => device.id);
  const inside = await Promise.all(
    vms.map(async ({ vm, had }) => (await objects(vm)).filter((id) => !had.includes(id))),
  );
  assert.deepEqual(
    inside.flat().sort(),
    vms.length === 0 ? [] : [...ids].sort(),
    'what VMs have is claimed, and nothing else',
  );
  const claimed = new Set(claims.map(({ device }) => device.port));
  const expected = [...before].map(
    ([name, driver]) => `${name} ${claimed.has(name.replace(/:.*/, '')) ? undefined : driver}`,
  );
  const now = [...driversOf(lab)].map(([name, driver]) => `${name} ${driver === 'usbfs' ? undefined : driver}`);
  assert.deepEqual(now, expected, 'drivers');
  const given = lab.devices().filter((device) => statSync(nodeOf(device)).uid !== 0);
  assert.deepEqual(given.map(nodeOf), [], "every node is root's again");
  const journal = '/var/lib/qplug/journal';
  assert.deepEqual(existsSync(journal) ? readdirSync(journal) : [], [], 'no transaction is open');
  return ids;
}
