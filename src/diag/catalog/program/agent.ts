import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
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
  'agent-refused': {
    kind: 'usage',
    text: ({ command, reason }: { readonly command: string; readonly reason: string }): Text => ({
      what: `the agent did not run ${printable(command)}`,
      why: printable(reason, 1000),
    }),
  },
  'watch-folder-closed': {
    kind: 'refused',
    text: ({ socket, mode }: AgentPlace & { readonly mode: number }): Text => ({
      what: 'the folder of the socket for watchers is closed to them',
      where: printable(socket),
      why: `its group may not enter the folder, whose mode is ${mode.toString(8)}`,
      fix: [
        advice('make a folder that the group may enter, and only you can change:'),
        sh`install -d -m 750 -g users /run/qplug-watch`,
      ],
    }),
  },
} as const;
