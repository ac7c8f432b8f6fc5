import type { CommandDeclaration } from '../../command.js';

export const events: CommandDeclaration = {
  name: 'events',
  group: 'look',
  brief: 'what happens to devices and VMs, as it happens',
  summary:
    'Print what the agent of this user sees and does, until Ctrl-C: devices that come and go, VMs, attaches, losses, refusals with their reason, and the time of the next try. Events are numbered; with --since, the kept ones from that number on come first.',
  words: [],
  options: {
    since: { type: 'number', describe: 'Begin with event number N', argument: 'N' },
    vm: { type: 'string', describe: 'Only events of this VM, and of host devices', argument: 'VM' },
  },
  examples: [
    ['qplug events', 'from now on'],
    ['qplug events --since 1 --json', 'all kept ones first, a line of JSON each'],
  ],
  documents: [],
  load: () => import('../../handlers/look/events.js'),
};
