import type { NoEvidence, Text } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { printable } from '../printable.js';

export const doctor = {
  'kvm-unusable': {
    kind: 'failed',
    text: ({ node, denied }: { node: string; denied: boolean }): Text => ({
      what: denied ? 'you may not use KVM' : 'there is no KVM',
      where: printable(node),
      why: denied ? undefined : 'the processor or its firmware does not offer virtualisation, or a hypervisor hides it',
      fix: denied ? [sh`sudo usermod -aG kvm "$USER"`, advice('and log in again')] : undefined,
    }),
  },
  'socket-statistics-missing': {
    kind: 'failed',
    text: (_: NoEvidence): Text => ({
      what: 'qplug can not tell which process is the QEMU of a VM that it did not start',
      why: 'the program ss is missing: without it root gives no device nodes to the user of such a QEMU',
      fix: sh`sudo apt-get install iproute2`,
    }),
  },
  'usb-ids-missing': {
    kind: 'failed',
    text: (_: NoEvidence): Text => ({
      what: 'devices that tell no name of their own are shown by number',
      fix: sh`sudo apt-get install usb.ids`,
    }),
  },
  'runtime-folder-open': {
    kind: 'failed',
    text: ({ path: folder, mode }: { path: string; mode: string }): Text => ({
      what: `others may look into qplug's folder (mode ${printable(mode)})`,
      where: printable(folder),
      why: 'whoever reaches a QMP socket controls the VM',
      fix: sh`chmod 700 ${path(folder)}`,
    }),
  },
} as const;
