import type { CommandDeclaration } from '../../command.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
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
} from '../shared/option-declarations.js';
import { SELECTORS, VM } from '../shared/word-declarations.js';

export const attach: CommandDeclaration = {
  name: 'attach',
  group: 'plug',
  brief: 'plug host devices into a VM: all or none',
  summary:
    'Plug host devices into a running VM, each on a port of its speed: all of them or none. qplug reads back what QEMU did, and undoes it if it differs from the plan. If the VM runs from a file, qplug also adds the devices to the file for the next start, with a selector that lasts, and leaves the rest of the file as it is.',
  words: [VM, SELECTORS],
  options: {
    config: CONFIG,
    live: LIVE,
    controller: CONTROLLER,
    port: PORT,
    slower: SLOWER,
    wait: {
      type: 'number',
      describe: 'Wait up to S seconds for devices that are not plugged in yet (default 0)',
      argument: 'S',
    },
    emulated: {
      type: 'string',
      many: true,
      describe: 'Also plug an emulated device: usb-tablet, usb-kbd, … (may be repeated)',
      argument: 'MODEL',
    },
    grow: GROW,
    'guard-off': GUARD_OFF,
    timeout: timeoutOption(ATTACH_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug attach bench 0781:5567', 'the stick, to the VM called bench'],
    ['qplug attach ./qmp.sock 1-2.3 1-2.4', 'the devices on two host ports, to any QEMU with a QMP socket'],
    ['qplug attach bench serial=4C530001 --controller xhci --port 1', 'to a port of your choice'],
    ['qplug attach bench 0781:5567 --wait 30', 'as soon as it is plugged in'],
    ['qplug attach bench 0781:5567 --live', 'until the VM ends; its file stays as it is'],
    ['qplug attach bench.yaml 0781:5567 --config', 'at the next start, whether the VM runs or not'],
    ['qplug attach bench 0781:5567 --guard-off mount', 'even if it is mounted on this host'],
  ],
  documents: ['attach'],
  load: () => import('../../handlers/plug/attach.js'),
};
