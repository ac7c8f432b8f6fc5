import type { CommandDeclaration } from '../command.js';
import { HOST } from './shared/option-declarations.js';
import { SELECTORS } from './shared/word-declarations.js';

export const devices: CommandDeclaration = {
  name: 'devices',
  aliases: ['ls'],
  group: 'look',
  brief: 'the USB devices of this host, where and how fast',
  summary:
    'Show the USB devices of this host: where, what, how fast, who drives them. With selectors: those that match; exit code 3 when none does.',
  words: [SELECTORS],
  options: {
    host: HOST,
    tree: { type: 'boolean', describe: 'Show where they hang: host controllers, hubs, ports' },
    watch: { type: 'boolean', describe: 'Go on, and tell what comes and goes (with --json: a JSON document a line)' },
  },
  examples: [
    ['qplug devices', 'all devices'],
    ['qplug devices class=08 --json', 'storage devices, for a program'],
    ['qplug devices --host usb.tgz', 'those of another host, from what it sent'],
    ['qplug devices --tree', 'with the hubs that they hang on'],
  ],
  load: () => import('../handlers/devices.js'),
};
