import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

export const qemuUser = {
  'user-unknown': {
    kind: 'usage',
    text: ({ user }: { user: string }): Text => ({
      what: `there is no user ${quote(user)} for QEMU to run as`,
      fix: sh`sudo useradd --system --no-create-home --shell /usr/sbin/nologin ${user}`,
    }),
  },
  'user-is-root': {
    kind: 'usage',
    text: ({ user }: { user: string }): Text => ({
      what: `${quote(user)} is root under another name`,
      why: '`qemu.user` exists to take the rights of root away from QEMU',
      fix: advice('name a user without the rights of root, or leave `user` out'),
    }),
  },
  'user-needs-root': {
    kind: 'failed',
    text: ({ user }: { user: string }): Text => ({
      what: `can't start QEMU as ${quote(user)}`,
      why: 'only root can start a program as another user',
      fix: advice('run the command with sudo, or leave `user` out: QEMU then runs as you'),
    }),
  },
  /** `group`: whether a group may open the node. */
  'user-no-kvm': {
    kind: 'failed',
    text: ({ user, node, group }: { user: string; node: string; group: boolean }): Text => ({
      what: `${quote(user)} may not open ${printable(node)}`,
      why: 'without KVM QEMU is slow, or does not start where the VM has no other accelerator',
      fix: group
        ? sh`sudo usermod --append --groups "$(stat -c %G ${path(node)})" ${user}`
        : sh`sudo setfacl -m u:${user}:rw ${path(node)}`,
    }),
  },
} as const;
