import type { CommandDeclaration } from '../../command.js';

export const agent: CommandDeclaration = {
  name: 'agent',
  group: 'plug',
  brief: 'keep devices with their VMs, also after a replug',
  summary:
    'Stay in the foreground, and attach each device again that its VM lost: after a replug, after a reset, in its boot loader. The devices of VM files come in as they appear. With a word: ask the agent of this user. hold takes all devices from their VMs before the host sleeps, resume gives them back, status lists what the agent knows. install writes units for systemd, for root or for the user who types it; uninstall removes them. Programs run every command through its socket (docs/agent-api.md).',
  words: [
    {
      name: 'verb',
      what: 'a verb',
      describe: 'Ask the running agent: status, hold or resume; or install and uninstall the units of systemd',
      required: false,
      choices: ['status', 'hold', 'resume', 'install', 'uninstall'],
    },
  ],
  options: {
    'dry-run': { type: 'boolean', describe: 'install, uninstall: show the units, write nothing' },
    'watch-socket': {
      type: 'string',
      describe:
        'Also listen at PATH for programs that may only look: those of the group of its folder, which only you may change',
      argument: 'PATH',
      path: 'always',
    },
  },
  examples: [
    ['qplug agent', 'until Ctrl-C'],
    ['qplug agent --watch-socket /run/qplug-watch/agent.sock', 'and let a group see what happens'],
    ['qplug agent status', 'each device that a VM has, had, or is to have'],
    ['qplug agent hold', 'before the host sleeps'],
    ['qplug agent install', 'as a service of systemd; it prints the commands that start it'],
    ['qplug agent install --dry-run', 'only show the units'],
  ],
  documents: ['agent-status', 'agent-hold', 'agent-units'],
  load: () => import('../../handlers/plug/agent.js'),
};
