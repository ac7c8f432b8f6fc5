import type { Text } from '../../finding.js';
import { advice } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

export const qemuArgs = {
  /** `write`: the line of the VM file that says the same. */
  'args-modelled': {
    kind: 'usage',
    text: ({ option, write }: { option: string; write: string }): Text => ({
      what: `${quote(option)} conflicts with an option that qplug writes`,
      fix: advice(`remove it and write \`${printable(write, 200)}\``),
    }),
  },
  'args-not-ours': {
    kind: 'usage',
    text: ({ option, reason }: { option: string; reason: string }): Text => ({
      what: `${quote(option)} is not allowed here`,
      why: reason,
      fix: advice('remove it'),
    }),
  },
  'args-usb-controller': {
    kind: 'usage',
    text: ({ option, write }: { option: string; write: string }): Text => ({
      what: `${quote(option)} would add a USB controller that qplug does not know`,
      fix: advice(`remove it and add to usb.controllers: \`${printable(write, 300)}\``),
    }),
  },
  'args-usb-device': {
    kind: 'usage',
    text: ({ option, write }: { option: string; write: string | undefined }): Text => ({
      what: `${quote(option)} would add a USB device that qplug does not know`,
      why: 'qplug places every USB device itself',
      fix: advice(
        write === undefined
          ? 'remove it, and plug it with `qplug qmp VM device_add`'
          : `remove it and add to usb.${option.includes('usb-hub') ? 'hubs' : 'devices'}: \`${printable(write, 300)}\``,
      ),
    }),
  },
  'args-id-taken': {
    kind: 'usage',
    text: ({ id }: { id: string }): Text => ({
      what: `id ${quote(id)} is used twice`,
      why: 'qplug uses it for another part of this file',
      fix: advice('use another id'),
    }),
  },
  'args-bus-reserved': {
    kind: 'usage',
    text: ({ option, bus }: { option: string; bus: string }): Text => ({
      what: `${quote(option)} would take ${quote(bus)}`,
      why: 'qplug keeps that port for USB controllers, and QEMU creates the port after this device',
      fix: advice('add a `pcie-root-port` of your own'),
    }),
  },
  'args-slot-taken': {
    kind: 'usage',
    text: ({ option, slot, holder }: { option: string; slot: string; holder: string }): Text => ({
      what: `${quote(option)} would take PCI slot ${slot}`,
      why: `${quote(holder)} is in that slot`,
      fix: advice('leave `addr` out, or use a slot from 2 to 7'),
    }),
  },
} as const;
