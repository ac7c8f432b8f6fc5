/** qplug's facts about a QEMU machine: its PCI bus, and whether that supports hotplug. */
export interface MachineModel {
  /** `virt`: the machine of Arm, RISC-V and LoongArch. `none`: has no PCI. `other`: not known to qplug. */
  readonly family: 'pc' | 'q35' | 'microvm' | 'virt' | 'none' | 'other';
  /** The root PCI bus, if known. */
  readonly pciBus: 'pci.0' | 'pcie.0' | undefined;
  /** Whether that bus supports hotplug: `pci.0` does, `pcie.0` only below root ports. */
  readonly hotplug: boolean;
  /** `usb=on` or `usb=off` in the options; undefined without either. */
  readonly usb: boolean | undefined;
  /** The same for `pcie=`, an option of microvm. */
  readonly pcie: boolean | undefined;
}

/** Names of QEMU 4.2 to 11 on x86, without their versions; another name that is close to one of them is a typo. */
export const X86_MACHINES: readonly string[] = [
  'pc',
  'q35',
  'microvm',
  'isapc',
  'none',
  'xenfv',
  'xenpv',
  'x-remote',
  'nitro-enclave',
];

/**
 * @param machine - QEMU's spelling, options included: `q35`, `pc-i440fx-7.2,usb=on`
 * @returns the facts that follow from it (hw/i386/pc_piix.c, pc_q35.c, microvm.c; hw/arm/virt.c)
 */
export function machineModel(machine: string): MachineModel {
  const [name = '', ...options] = machine.split(',');
  const family = familyOf(name);
  const usb = lastSwitch(options, 'usb');
  const pcie = lastSwitch(options, 'pcie');
  const pciBus = family === 'pc' ? 'pci.0' : family === 'q35' || family === 'virt' ? 'pcie.0' : undefined;
  return {
    family,
    // microvm has PCI only on request; qplug requests it if necessary.
    pciBus: family === 'microvm' && pcie !== false ? 'pcie.0' : pciBus,
    hotplug: family === 'pc',
    usb,
    pcie,
  };
}

function familyOf(name: string): MachineModel['family'] {
  if (name === 'q35' || name.startsWith('pc-q35-')) return 'q35';
  // Old versions have no chip in their name: pc-1.3.
  if (name === 'pc' || name.startsWith('pc-i440fx-') || /^pc-\d/.test(name)) return 'pc';
  if (name === 'microvm') return 'microvm';
  if (/^virt(-\d.*)?$/.test(name)) return 'virt';
  return name === 'isapc' || name === 'none' ? 'none' : 'other';
}

/** QEMU uses the last of several, and reads a bare name as `on`. */
function lastSwitch(options: readonly string[], name: string): boolean | undefined {
  const last = options.filter((option) => option === name || option.startsWith(`${name}=`)).at(-1);
  if (last === undefined) return undefined;
  return ['on', 'yes', 'true', 'y', name].includes(last.slice(last.indexOf('=') + 1));
}
