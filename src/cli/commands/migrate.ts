import type { CommandDeclaration } from '../command.js';
import { MIGRATE_TIMEOUT } from '../timeouts.js';
import { timeoutOption, VERBOSE } from './shared/option-declarations.js';
import { VM } from './shared/word-declarations.js';

export const migrate: CommandDeclaration = {
  name: 'migrate',
  group: 'run',
  brief: 'send a guest to another QEMU, or into a file',
  summary:
    "Send the guest of a VM to another QEMU, which waits for it with -incoming, or into a file. Devices of this host can't go with it: they are named and nothing is done, or with --with-detached they are taken out first, and are the host's again when the guest is there. Where it does not get there, by whatever cause, they are plugged in again on their ports and the guest goes on here.",
  words: [
    VM,
    {
      name: 'uri',
      what: 'where the guest goes',
      describe: 'unix:PATH, tcp:HOST:PORT, tcp:[ADDRESS]:PORT for IPv6, or file:PATH (QEMU 8.2 and later)',
      required: true,
    },
  ],
  options: {
    'with-detached': { type: 'boolean', describe: 'Take the devices of this host out first' },
    end: { type: 'boolean', describe: 'End what is left of the VM here when its guest has left' },
    timeout: timeoutOption(MIGRATE_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug migrate bench unix:/run/other.sock', 'to a QEMU started with -incoming unix:/run/other.sock'],
    ['qplug migrate bench tcp:10.0.0.7:4444 --with-detached', 'to another host; devices of this one stay here'],
    ['qplug migrate bench file:/var/tmp/bench.state --end', 'into a file, and nothing of it is left running'],
  ],
  load: () => import('../handlers/migrate.js'),
};
