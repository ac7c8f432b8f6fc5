import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  boardOf,
  emulatedMask,
  megabits,
  negotiate,
  portMask,
  predictBoard,
  type Topology,
} from '../../../src/qdev/index.js';
import { RawQemu, systemVersion, withoutSound } from '../harness/raw-qmp.js';

/** These two tell a port's mask: one is full speed alone, the other high and SuperSpeed, attached by hand. */
const PROBES = ['usb-wacom-tablet', 'usb-uas'] as const;

/** Machines that ask for a ROM, a kernel or a flash image before they make anything. None of them has USB in QEMU's source. */
const NEEDS_IMAGE = ['canon-a1100', 'cheetah', 'connex', 'sx1', 'sx1-v1', 'verdex'];

function machinesOf(binary: string): string[] {
  const list = execFileSync(binary, ['-machine', 'help'], { encoding: 'utf8' });
  return [...list.matchAll(/^(\S+) {2,}(?!.*\(alias of)\S/gm)].map((match) => match[1] ?? '');
}

/** @returns for every port, and the one after the last, the speeds at which the probes attach */
async function tryPorts(qemu: RawQemu, bus: string, ports: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let n = 1; n <= ports + 1; n++) {
    for (const [p, driver] of PROBES.entries()) {
      const id = `p${bus.replace(/\W/g, '-')}-${n}-${p}`;
      const refused = await qemu.add({ driver, id, bus, port: String(n) });
      const path = `/machine/peripheral/${id}`;
      const set = { path, property: 'attached', value: true };
      const late = refused === undefined && driver === 'usb-uas' ? await qemu.ask('qom-set', set) : { ok: {} };
      const text = JSON.stringify(await qemu.ask('human-monitor-command', { 'command-line': 'info usb' }));
      const speed = new RegExp(`Speed ([0-9.]+) Mb/s, Product [^\\\\]*, ID: ${id}\\\\r`).exec(text)?.[1];
      if (refused === undefined) await qemu.remove(id);
      outcomes.push(`${bus} ${n} ${driver} ${refused !== undefined || 'error' in late ? '-' : speed}`);
    }
  }
  return outcomes;
}

/** The same from the model. */
function predict(topology: Topology, bus: string, ports: number): string[] {
  return Array.from({ length: ports + 1 }, (_, i) => i + 1).flatMap((n) =>
    PROBES.map((driver) => {
      const speed = negotiate(emulatedMask(driver)?.mask ?? 0, portMask(topology, bus, String(n)) ?? 0);
      return `${bus} ${n} ${driver} ${speed === undefined ? '-' : megabits(speed)}`;
    }),
  );
}

const shape = (controllers: Topology['controllers']) =>
  controllers.map(({ bus, model, ports, known }) => ({ bus, model, ports, known }));

/** What QEMU makes, what the reading tells, and what the table says beforehand: all three must be one. */
async function check(binary: string, machine: string, usb: boolean): Promise<number> {
  const args = ['-M', machine, '-serial', 'null', ...withoutSound(systemVersion(binary)), ...(usb ? ['-usb'] : [])];
  await using qemu = await RawQemu.start(args, { command: [binary] });
  const topology = await qemu.observe();
  expect(shape(topology.controllers)).toEqual(shape(predictBoard(boardOf(machine, systemVersion(binary)), usb)));
  for (const { bus, ports } of topology.controllers) {
    expect(await tryPorts(qemu, bus, ports.length)).toEqual(predict(topology, bus, ports.length));
  }
  return topology.controllers.length;
}

describe('every Arm machine of this QEMU has just the USB that the model says', () => {
  const binary = 'qemu-system-aarch64';
  const machines = machinesOf(binary).filter((machine) => !/^virt-/.test(machine));

  test('the list is no empty one', () => {
    expect(machines.length).toBeGreaterThan(80);
    expect(machines).toEqual(expect.arrayContaining(['raspi3b', 'xlnx-versal-virt', 'mcimx7d-sabre']));
  });

  // USB that comes by itself is there without the switch; where the table has none, even the switch brings none.
  test.each([...machines.filter((machine) => !NEEDS_IMAGE.includes(machine)), 'virt'])('%s', async (machine) => {
    const board = boardOf(machine, systemVersion(binary));
    expect(await check(binary, machine, board?.when !== 'always')).toBe(board?.controllers.length ?? 0);
    if (board?.when === 'usb') expect(await check(binary, machine, false)).toBe(0);
  });
});

describe('x86', () => {
  const binary = 'qemu-system-x86_64';
  const machines = machinesOf(binary).filter((machine) => !/^(?:pc-|xen|x-remote|nitro)/.test(machine));

  test.each([...machines, 'pc', 'q35', 'pc-q35-2.12', 'pc-i440fx-2.12'])('%s', async (machine) => {
    const board = boardOf(machine, systemVersion(binary));
    expect(await check(binary, machine, false)).toBe(0);
    expect(await check(binary, machine, true)).toBe(board?.controllers.length ?? 0);
  });
});
