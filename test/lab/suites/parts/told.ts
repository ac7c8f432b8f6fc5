import assert from 'node:assert/strict';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import { qplug, type Said } from './qplug.js';

/** A device of a VM in the document of `status --json`. */
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

/** The document of `status --json`. */
export interface ToldStatus {
  readonly controllers: readonly { readonly bus: string; readonly id: string | null; readonly model: string }[];
  readonly devices: readonly ToldDevice[];
  /** Codes of the findings. */
  readonly codes: readonly string[];
}

/** One device in the document of `attach --json`. */
export interface ToldAttach {
  readonly id: string;
  readonly outcome: string;
  readonly bus: string;
  readonly port: string;
  readonly megabits: number;
}

/** Runs `status --json`, which must succeed. @param options - further words */
export async function status(vm: NestedQemu, ...options: readonly string[]): Promise<ToldStatus> {
  const { code, out, err } = await qplug(['status', vm.socket, '--json', ...options]);
  assert.equal(code, 0, err);
  const { topology, findings } = JSON.parse(out);
  const devices = topology.controllers.flatMap((controller: { bus: string; devices: object[] }) =>
    controller.devices.map((device) => ({ bus: controller.bus, ...device })),
  );
  return { controllers: topology.controllers, devices, codes: findings.map((one: { code: string }) => one.code) };
}

/** Runs `attach --json`, which must succeed. @param words - selectors and options */
export async function attach(vm: NestedQemu, ...words: readonly string[]): Promise<ToldAttach[]> {
  return attached(await qplug(['attach', vm.socket, ...words, '--json']));
}

/** Reads the output of an `attach --json`. */
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
