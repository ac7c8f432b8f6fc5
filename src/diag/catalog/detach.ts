import type { Text } from '../finding.js';
import { advice, operand, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { list } from './words.js';

export const detach = {
  'not-attached': {
    kind: 'not-found',
    text: ({ selector, vm, ids }: { selector: string; vm: string; ids: readonly string[] }): Text => ({
      what: `nothing in ${printable(vm)} is ${printable(selector)}`,
      why: ids.length === 0 ? 'it has no USB devices' : `it has ${list(ids)}`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  'detach-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, vm, ids }: { selector: string; vm: string; ids: readonly string[] }): Text => ({
      what: `${printable(selector)} is several devices of ${printable(vm)}`,
      why: list(ids),
      fix: ids.map((id) => sh`qplug detach ${vm} ${id}`),
    }),
  },
  'hub-in-use': {
    kind: 'refused',
    text: ({ id, vm, devices }: { id: string; vm: string; devices: readonly string[] }): Text => ({
      what: `devices sit behind the hub ${printable(id)}`,
      why: list(devices),
      fix: sh`qplug detach ${vm} ${[...devices, id]}`,
    }),
  },
  'removal-pending': {
    kind: 'timeout',
    text: ({ device, timeout }: { device: string; timeout: number }): Text => ({
      what: `${printable(device)} was not let go within ${timeout / 1000} s`,
      why: 'QEMU took the request; a PCI controller waits for its guest, a USB device should not',
      fix: advice('Try again, or reset the guest: a reset completes the removal'),
    }),
  },
  'driver-not-back': {
    kind: 'failed',
    text: ({ label, interfaces }: { label: string; interfaces: readonly string[] }): Text => ({
      what: `${printable(label)} left the VM, but no host driver has taken it back`,
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
} as const;
