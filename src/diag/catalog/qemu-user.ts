import type { Text } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { quote } from './words.js';

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
      why: '`qemu.user` is there to take the rights of root away',
      fix: advice('name a user without them, or leave `user` out'),
    }),
  },
  'user-needs-root': {
    kind: 'failed',
    text: ({ user }: { user: string }): Text => ({
      what: `QEMU can not be started as ${quote(user)}`,
      why: 'only root can start a program as somebody else',
      fix: advice('run the same with sudo, or leave `user` out: QEMU then runs as you'),
    }),
  },
  /** `group`: whether the node is open to a group. */
  'user-no-kvm': {
    kind: 'failed',
    text: ({ user, node, group }: { user: string; node: string; group: boolean }): Text => ({
      what: `${quote(user)} may not open ${printable(node)}`,
      why: 'QEMU runs in software then, slowly, or not at all where the VM has no other accelerator',
      fix: group
        ? sh`sudo usermod --append --groups "$(stat -c %G ${path(node)})" ${user}`
        : sh`sudo setfacl -m u:${user}:rw ${path(node)}`,
    }),
  },
} as const;
