import type { CommandDeclaration } from '../../command.js';
import { HOST } from '../shared/option-declarations.js';
import { SELECTORS } from '../shared/word-declarations.js';

export const devices: CommandDeclaration = {
  name: 'devices',
  aliases: ['ls'],
  group: 'look',
  brief: 'the USB devices of this host, where and how fast',
  summary:
    'Show the USB devices of this host: port, name, speed and driver. With selectors: only those that match; exit code 3 if none does.',
  words: [SELECTORS],
  options: {
    host: HOST,
    tree: { type: 'boolean', describe: 'Show them as a tree of host controllers, hubs and ports' },
    watch: {
      type: 'boolean',
      describe: 'Keep running, and print devices that come and go (with --json: one JSON document per line)',
    },
  },
  examples: [
    ['qplug devices', 'all devices'],
    ['qplug devices class=08 --json', 'storage devices, for a program'],
    ['qplug devices --host usb.tgz', 'those of another host, from a file of it'],
    ['qplug devices --tree', 'with the hubs that they are plugged into'],
  ],
  documents: ['devices'],
  load: () => import('../../handlers/look/devices.js'),
};
