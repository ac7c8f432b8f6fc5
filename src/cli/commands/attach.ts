import type { CommandDeclaration } from '../command.js';
import { CONTROLLER, GROW, PORT, SLOWER, timeoutOption, VERBOSE } from '../options.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import { SELECTORS, VM } from '../words.js';

export const attach: CommandDeclaration = {
  name: 'attach',
  group: 'plug',
  brief: 'plug host devices into a VM: all or none',
  summary:
    'Plug host devices into a running VM, each on a port of its speed: all of them or none. What QEMU did is read back; what is not as planned is undone.',
  words: [VM, SELECTORS],
  options: {
    controller: CONTROLLER,
    port: PORT,
    slower: SLOWER,
    wait: {
      type: 'number',
      describe: 'Wait so many seconds for devices that are not plugged in yet (default 0)',
      argument: 'S',
    },
    emulated: {
      type: 'string',
      many: true,
      describe: 'Plug an emulated device as well: usb-tablet, usb-kbd, … (may be repeated)',
      argument: 'MODEL',
    },
    grow: GROW,
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug attach bench 0781:5567', 'the stick, to the VM called bench'],
    ['qplug attach ./qmp.sock 1-2.3 1-2.4', 'what is plugged into two host ports, to any QEMU with a QMP socket'],
    ['qplug attach bench serial=4C530001 --controller xhci --port 1', 'to a port of your choice'],
    ['qplug attach bench 0781:5567 --wait 30', 'as soon as it is plugged in'],
  ],
  load: () => import('../handlers/attach.js'),
};
