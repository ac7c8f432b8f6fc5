import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { CONFIG, LIVE, timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { VM } from './shared/word-declarations.js';

export const detach: CommandDeclaration = {
  name: 'detach',
  group: 'plug',
  brief: 'take devices out again, back to the host',
  summary:
    'Take devices out of a running VM: all of them or none. Waits until QEMU has let go of each, and until the host has its driver back. A VM that runs from a file goes without them at its next start too: their entries are taken out of the file, and all else in it stays as it is.',
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
  options: { config: CONFIG, live: LIVE, timeout: timeoutOption(ATTACH_TIMEOUT), verbose: VERBOSE },
  examples: [
    ['qplug detach bench 0781:5567', 'the stick'],
    ['qplug detach bench qplug-0781-5567-1-2.3', 'by its id, also when it was pulled meanwhile'],
    ['qplug detach bench 0781:5567 --live', 'until the next start; its entry in the file stays'],
    ['qplug detach bench.yaml 0781:5567 --config', 'out of the file alone, whether the VM runs or not'],
  ],
  load: () => import('../handlers/detach.js'),
};
