import type { CommandDeclaration } from '../../command.js';
import { MIGRATE_TIMEOUT } from '../../timeouts.js';
import { timeoutOption, VERBOSE } from '../shared/option-declarations.js';
import { VM } from '../shared/word-declarations.js';

export const migrate: CommandDeclaration = {
  name: 'migrate',
  group: 'run',
  brief: 'send a guest to another QEMU, or into a file',
  summary:
    "Send the guest of a VM to another QEMU, which waits for it with -incoming, or into a file. Devices of this host can't migrate: qplug names them and does nothing, or with --with-detached unplugs them first and returns them to the host when the guest has left. If the migration fails, for whatever reason, qplug plugs them in again on their ports and the guest continues here.",
  words: [
    VM,
    {
      name: 'uri',
      what: 'where the guest goes',
      describe: 'unix:PATH, tcp:HOST:PORT, tcp:[ADDRESS]:PORT for IPv6, or file:PATH (QEMU 8.2 and later)',
      required: true,
      path: 'in-uri',
    },
  ],
  options: {
    'with-detached': { type: 'boolean', describe: 'Unplug the devices of this host first' },
    end: { type: 'boolean', describe: 'End the process that is left here when the guest has left' },
    timeout: timeoutOption(MIGRATE_TIMEOUT),
    verbose: VERBOSE,
  },
  examples: [
    ['qplug migrate bench unix:/run/other.sock', 'to a QEMU started with -incoming unix:/run/other.sock'],
    ['qplug migrate bench tcp:10.0.0.7:4444 --with-detached', 'to another host; devices of this one stay here'],
    ['qplug migrate bench file:/var/tmp/bench.state --end', 'into a file, with nothing left running'],
  ],
  documents: ['migrate'],
  load: () => import('../../handlers/run/migrate.js'),
};
