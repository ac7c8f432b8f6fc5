import type { CommandDeclaration } from '../command.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';
import {
  CONFIG,
  CONTROLLER,
  GROW,
  GUARD_OFF,
  LIVE,
  PORT,
  SLOWER,
  timeoutOption,
  VERBOSE,
} from './shared/option-declarations.js';
import { SELECTORS, VM } from './shared/word-declarations.js';

export const attach: CommandDeclaration = {
  name: 'attach',
  group: 'plug',
  brief: 'plug host devices into a VM: all or none',
  summary:
    'Plug host devices into a running VM, each on a port of its speed: all of them or none. What QEMU did is read back; what is not as planned is undone. A VM that runs from a file has them at its next start too: they are written into the file, with a selector that lasts, and all else in it stays as it is.',
  words: [VM, SELECTORS],
  options: {
    config: CONFIG,
    live: LIVE,
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
    'guard-off': GUARD_OFF,
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug attach bench 0781:5567', 'the stick, to the VM called bench'],
    ['qplug attach ./qmp.sock 1-2.3 1-2.4', 'what is plugged into two host ports, to any QEMU with a QMP socket'],
    ['qplug attach bench serial=4C530001 --controller xhci --port 1', 'to a port of your choice'],
    ['qplug attach bench 0781:5567 --wait 30', 'as soon as it is plugged in'],
    ['qplug attach bench 0781:5567 --live', 'until the VM ends; its file stays as it is'],
    ['qplug attach bench.yaml 0781:5567 --config', 'at the next start, whether the VM runs or not'],
    ['qplug attach bench 0781:5567 --guard-off mount', 'though it is mounted on this host'],
  ],
  load: () => import('../handlers/attach.js'),
};
