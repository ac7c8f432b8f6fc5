import assert from 'node:assert/strict';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import { qplug, type Said } from './qplug.js';

/** A device of a VM as `status --json` tells it. */
export interface ToldDevice {
  readonly bus: string;
  readonly id: string | null;
  readonly path: string;
  readonly driver: string;
  readonly port: string | null;
  readonly attached: boolean;
  readonly megabits: number | null;
  readonly hubPorts: number | null;
  readonly automatic: boolean;
  readonly product: string | null;
  readonly state: string;
  readonly ours: boolean;
  readonly host: { readonly port: string; readonly id: string } | null;
}

/** What `status --json` tells. */
export interface ToldStatus {
  readonly controllers: readonly { readonly bus: string; readonly id: string | null; readonly model: string }[];
  readonly devices: readonly ToldDevice[];
  /** Codes of the findings. */
  readonly codes: readonly string[];
}

/** What `attach --json` tells of one device. */
export interface ToldAttach {
  readonly id: string;
  readonly outcome: string;
  readonly bus: string;
  readonly port: string;
  readonly megabits: number;
}

/** Runs `status --json`, which has to end well. */
export async function status(vm: NestedQemu): Promise<ToldStatus> {
  const { code, out, err } = await qplug(['status', vm.socket, '--json']);
  assert.equal(code, 0, err);
  const { topology, findings } = JSON.parse(out);
  const devices = topology.controllers.flatMap((controller: { bus: string; devices: object[] }) =>
    controller.devices.map((device) => ({ bus: controller.bus, ...device })),
  );
  return { controllers: topology.controllers, devices, codes: findings.map((one: { code: string }) => one.code) };
}

/** Runs `attach --json`, which has to end well. @param words - selectors and options */
export async function attach(vm: NestedQemu, ...words: readonly string[]): Promise<ToldAttach[]> {
  return attached(await qplug(['attach', vm.socket, ...words, '--json']));
}

/** Reads what an `attach --json` said. */
export function attached({ code, out, err }: Said): ToldAttach[] {
  assert.equal(code, 0, err);
  return JSON.parse(out).devices;
}

/** The device of that id, or of that QOM path, in a status. */
export function toldOf({ devices }: ToldStatus, name: string): ToldDevice {
  const found = devices.find((one) => one.id === name || one.path === name);
  assert.ok(found, `status shows ${name}`);
  return found;
}
