import type { Text } from '../../finding.js';
import { advice, operand, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

export const detach = {
  'not-attached': {
    kind: 'not-found',
    text: ({ selector, vm, ids }: { selector: string; vm: string; ids: readonly string[] }): Text => ({
      what: `${printable(vm)} has no device that matches ${printable(selector)}`,
      why: ids.length === 0 ? 'it has no USB devices' : `it has ${list(ids)}`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  'detach-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, vm, ids }: { selector: string; vm: string; ids: readonly string[] }): Text => ({
      what: `${printable(selector)} matches several devices in ${printable(vm)}`,
      why: list(ids),
      fix: ids.map((id) => sh`qplug detach ${vm} ${id}`),
    }),
  },
  'hub-in-use': {
    kind: 'refused',
    text: ({ id, vm, devices }: { id: string; vm: string; devices: readonly string[] }): Text => ({
      what: `the hub ${printable(id)} has devices behind it`,
      why: list(devices),
      fix: sh`qplug detach ${vm} ${[...devices, id]}`,
    }),
  },
  'removal-pending': {
    kind: 'timeout',
    text: ({ device, timeout }: { device: string; timeout: number }): Text => ({
      what: `QEMU did not release ${printable(device)} within ${timeout / 1000} s`,
      why: 'QEMU accepted the request; the removal of a PCI controller waits for the guest, that of a USB device should not',
      fix: advice('Try again, or reset the guest: a reset completes the removal'),
    }),
  },
  'driver-not-back': {
    kind: 'failed',
    text: ({ label, interfaces }: { label: string; interfaces: readonly string[] }): Text => ({
      what: `${printable(label)} is out of the VM, but no host driver has taken it back`,
      where: list(interfaces),
      fix: interfaces.map((name) => sh`printf %s ${operand(name)} | sudo tee /sys/bus/usb/drivers_probe`),
    }),
  },
  'driver-probe-failed': {
    kind: 'failed',
    text: (e: { interface: string; path: string; reason: string }): Text => ({
      what: `could not give interface ${printable(e.interface)} back to the host's drivers`,
      where: printable(e.path),
      why: printable(e.reason),
      fix: sh`printf %s ${operand(e.interface)} | sudo tee ${path(e.path)}`,
    }),
  },
  'lost-device-forgotten': {
    kind: 'failed',
    text: ({ label, vm }: { label: string; vm: string }): Text => ({
      what: `${printable(vm)} had lost ${printable(label)}, and does not get it back`,
    }),
  },
} as const;
