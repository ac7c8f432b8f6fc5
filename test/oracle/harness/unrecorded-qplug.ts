import { runCommandLine } from '../../../src/cli/run-command-line.js';
import { VmRegistry } from '../../../src/registry/index.js';
import { plainTerminal } from '../../plain-terminal.js';

/*
 * `unrecorded-qplug.mjs WORD…` runs a command line of qplug that is killed when it has started a QEMU and is about to record its process.
 */
VmRegistry.prototype.update = () => process.kill(process.pid, 'SIGKILL');
const terminal = plainTerminal(
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
