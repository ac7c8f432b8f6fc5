import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { timeoutOption } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const wait: CommandDeclaration = {
  name: 'wait',
  group: 'look',
  brief: 'wait until a VM is up, or has a device',
  summary:
    'Wait until a VM has a device, whoever attaches it; with --ready, until its guest can use the device as well; with --absent, until it has the device no more; without a device, until the VM answers. Exit 7 when the time is over, with what is so instead.',
  words: [VM, { name: 'selector', what: 'a device', describe: 'A host device, as for attach', required: false }],
  options: {
    ready: { type: 'boolean', describe: 'Wait until the guest has addressed and configured the device' },
    absent: { type: 'boolean', describe: 'Wait until the VM does not have the device' },
    timeout: timeoutOption(ATTACH_TIMEOUT),
  },
  examples: [
    ['qplug wait bench', 'until the VM called bench answers'],
    ['qplug wait bench 0781:5567 --timeout 60', 'until it has the device'],
    ['qplug wait bench 0781:5567 --ready', 'until its guest can use it'],
    ['qplug wait bench 0781:5567 --absent', 'until it has the device no more'],
  ],
  documents: ['wait'],
  load: () => import('../../handlers/look/wait.js'),
};
