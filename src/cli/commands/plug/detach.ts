import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { CONFIG, LIVE, timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const detach: CommandDeclaration = {
  name: 'detach',
  group: 'plug',
  brief: 'unplug devices and return them to the host',
  summary:
    'Unplug devices from a running VM: all of them or none. Waits until QEMU has released each, and until the host has its driver back. If the VM runs from a file, qplug also removes their entries from the file for the next start, and leaves the rest of the file as it is.',
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
    ['qplug detach bench qplug-0781-5567-1-2.3', 'by its id, even if it is no longer plugged in'],
    ['qplug detach bench 0781:5567 --live', 'until the next start; its entry in the file stays'],
    ['qplug detach bench.yaml 0781:5567 --config', 'only from the file, whether the VM runs or not'],
  ],
  documents: ['detach'],
  load: () => import('../../handlers/plug/detach.js'),
};
