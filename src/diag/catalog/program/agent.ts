import type { Text } from '../../finding.js';
import { sh } from '../../fix.js';
import { printable } from '../../printable.js';

interface AgentPlace {
  readonly socket: string;
}

export const agent = {
  'agent-runs-already': {
    kind: 'failed',
    text: ({ socket }: AgentPlace): Text => ({
      what: 'an agent of this user is running already',
      where: printable(socket),
      why: 'two agents would do the same work twice',
      fix: sh`qplug events`,
    }),
  },
  'agent-not-running': {
    kind: 'unreachable',
    text: ({ socket }: AgentPlace): Text => ({
      what: 'no agent of this user is running',
      where: printable(socket),
      fix: sh`qplug agent`,
    }),
  },
  'agent-hold-unsaved': {
    kind: 'failed',
    text: ({ path, reason }: { readonly path: string; readonly reason: string }): Text => ({
      what: 'could not write down whether the devices are to be with the host',
      where: printable(path),
      why: printable(reason),
      fix: sh`df ${path.replace(/\/[^/]*$/, '')}`,
    }),
  },
  'agent-lost': {
    kind: 'unreachable',
    text: ({ socket }: AgentPlace): Text => ({
      what: 'the agent ended, or does not answer as an agent does',
      where: printable(socket),
      fix: sh`qplug agent`,
    }),
  },
} as const;
