import type { CommandDeclaration } from '../command.js';
import { timeoutOption, VERBOSE } from '../options.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { VM } from '../words.js';

export const detach: CommandDeclaration = {
  name: 'detach',
  group: 'plug',
  brief: 'take devices out again, back to the host',
  summary:
    'Take devices out of a running VM: all of them or none. Waits until QEMU has let go of each, and until the host has its driver back.',
  words: [
    VM,
    {
      name: 'device',
      what: 'a device',
      describe: "A selector of a host device, or a device's id in the VM (qplug status shows them)",
      required: true,
      many: true,
    },
  ],
  options: { timeout: timeoutOption(ATTACH_TIMEOUT), verbose: VERBOSE },
  examples: [
    ['qplug detach bench 0781:5567', 'the stick'],
    ['qplug detach bench qplug-0781-5567-1-2.3', 'by its id, also when it was pulled meanwhile'],
  ],
  load: () => import('../handlers/detach.js'),
};
