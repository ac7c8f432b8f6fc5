import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { OracleQemu } from './harness/oracle-qemu.js';

/* The PCI buses where qplug finds that a controller can be hot-plugged are those where each release takes one. */
const rootPort = (id: string, slot: number, more = ''): string[] => [
  '-device',
  `pcie-root-port,id=${id},bus=pcie.0,chassis=${slot},addr=${slot}.0${more}`,
];

describe.each(RELEASES)('QEMU $name', ({ name: release }) => {
  async function slotsOf(...args: readonly string[]): Promise<Record<string, boolean>> {
    await using qemu = await OracleQemu.start({ release, args });
    const { hotplug } = await qemu.observe();
    return Object.fromEntries(hotplug.map(({ bus }) => [bus, true]));
  }

  /** Whether QEMU takes a controller on a bus. */
  async function takes(bus: string, ...args: readonly string[]): Promise<boolean> {
    await using qemu = await OracleQemu.start({ release, args });
    return 'ok' in (await qemu.ask('device_add', { driver: 'qemu-xhci', id: 'probe', bus }));
  }

  const Q35 = ['-M', 'q35', ...rootPort('on', 2), ...rootPort('off', 3, ',hotplug=off')];
  test.each([
    ['q35, a root port', 'on', Q35, true],
    ['q35, a root port with hotplug=off', 'off', Q35, false],
    ['pc', 'pci.0', ['-M', 'pc'], true],
    ['pc without ACPI', 'pci.0', ['-M', 'pc', '-machine', 'acpi=off'], false],
    ['pc, root hot-plug off', 'pci.0', ['-M', 'pc', '-global', 'PIIX4_PM.acpi-root-pci-hotplug=off'], false],
    [
      'pc, a bridge, hot-plug behind bridges off',
      'br',
      [
        '-M',
        'pc',
        '-global',
        'PIIX4_PM.acpi-pci-hotplug-with-bridge-support=off',
        '-device',
        'pci-bridge,id=br,chassis_nr=1,shpc=off',
      ],
      false,
    ],
    ['pc, a bridge', 'br', ['-M', 'pc', '-device', 'pci-bridge,id=br,chassis_nr=1'], true],
  ] as const)('%s', async (_, bus, args, expected) => {
    expect(await takes(bus, ...args), 'what QEMU does').toBe(expected);
    expect((await slotsOf(...args))[bus] === true, 'what qplug reads').toBe(expected);
  });
});
