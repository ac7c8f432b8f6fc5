import type { NoEvidence, Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

export const doctor = {
  'kvm-unusable': {
    kind: 'failed',
    text: ({ node, denied }: { node: string; denied: boolean }): Text => ({
      what: denied ? 'you may not use KVM' : 'KVM is not available',
      where: printable(node),
      why: denied ? undefined : 'the processor or its firmware does not offer virtualisation, or a hypervisor hides it',
      fix: denied ? [sh`sudo usermod -aG kvm "$USER"`, advice('then log in again')] : undefined,
    }),
  },
  'socket-statistics-missing': {
    kind: 'failed',
    text: (_: NoEvidence): Text => ({
      what: "can't identify the QEMU process of a VM that qplug did not start",
      why: 'the program ss is missing: without it root grants no device nodes to the user that runs such a QEMU',
      fix: sh`sudo apt-get install iproute2`,
    }),
  },
  'usb-ids-missing': {
    kind: 'failed',
    text: (_: NoEvidence): Text => ({
      what: 'usb.ids is not installed',
      why: 'devices without a product name are listed by ID only',
      fix: sh`sudo apt-get install usb.ids`,
    }),
  },
  'runtime-folder-open': {
    kind: 'failed',
    text: ({ path: folder, mode }: { path: string; mode: string }): Text => ({
      what: `other users can read qplug's folder (mode ${printable(mode)})`,
      where: printable(folder),
      why: 'a user who can open a QMP socket controls the VM',
      fix: sh`chmod 700 ${path(folder)}`,
    }),
  },
} as const;
