/**
 * What several commands declare in the same words: options here, and the words after their names in word-declarations. Data alone.
 */

import { GUARD_KINDS } from '../../../diag/index.js';
import type { OptionDeclaration } from '../../command.js';

/** @param seconds - what counts where it is not given */
export const timeoutOption = (seconds: number): OptionDeclaration => ({
  type: 'number',
  describe: `Give up after S seconds (default ${seconds})`,
  argument: 'S',
});

export const VERBOSE: OptionDeclaration = { type: 'boolean', short: 'v', describe: 'Print each step to stderr' };

export const CONTROLLER: OptionDeclaration = {
  type: 'string',
  describe: 'The controller to use: its id or bus',
  argument: 'C',
};

export const PORT: OptionDeclaration = {
  type: 'string',
  describe: 'The port to use: 1, or 2.3 behind a hub',
  argument: 'P',
};

export const SLOWER: OptionDeclaration = {
  type: 'string',
  choices: ['refuse', 'allow'],
  describe: 'Whether a device may run below its native speed (default refuse)',
};

export const HOST: OptionDeclaration = {
  type: 'string',
  describe:
    'Read the devices from a file instead of this host: qplug devices --json, the text of usb/devices, usb-devices, lsusb -v, umockdev-record, or a tar archive of /sys/bus/usb; - is standard input',
  argument: 'FILE',
  path: 'always',
};

export const GROW: OptionDeclaration = {
  type: 'string',
  choices: ['none', 'hubs', 'controllers', 'both'],
  describe: "What qplug may add to make room (default: what the VM's file says, or hubs)",
};

export const CONFIG: OptionDeclaration = {
  type: 'boolean',
  describe: "Change the VM's file, for its next start",
};

export const LIVE: OptionDeclaration = {
  type: 'boolean',
  describe: 'Change the running VM (with neither --config nor --live: both, if it runs from a file)',
};

/** A hub is never handed over. */
const GUARDS_OFF = GUARD_KINDS.filter((kind) => kind !== 'hub');

export const GUARD_OFF: OptionDeclaration = {
  type: 'string',
  many: true,
  choices: GUARDS_OFF,
  describe: `Pass the device through even if the host needs it for this reason: ${GUARDS_OFF.join(', ')} (may be repeated)`,
  argument: 'NAME',
};

export const OFFLINE: OptionDeclaration = {
  type: 'boolean',
  describe: 'Use only the file, not the devices of this host',
};

export const FORGET: OptionDeclaration = {
  type: 'boolean',
  describe: 'Place every device as if the VM had never run',
};

export const SVG: OptionDeclaration = {
  type: 'string',
  argument: 'FILE',
  path: 'always',
  describe: 'Also draw an SVG picture of it; - is stdout, which then has nothing else',
};
