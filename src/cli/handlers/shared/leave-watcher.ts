import { startProgram } from '../../../base/index.js';
import { systemError } from '../../../diag/index.js';
import type { Terminal } from '../../terminal.js';

/**
 * Leaves a process behind that gives a VM's devices back to the host as soon as the VM has ended, however it ends: `qplug mend --after`.
 * Where it can't be started the next command does the same.
 *
 * @param vm - a VM that qplug runs
 */
export function leaveWatcher(vm: string, { program, env }: Pick<Terminal, 'program' | 'env'>): void {
  const [node, ...words] = program ?? [];
  if (node === undefined) return;
  const options = { cwd: '/', detached: true, env: { ...env } };
  try {
    const child = startProgram(node, [...words, 'mend', '--after', vm], options, ['ignore', 'ignore', 'ignore']);
    child.on('error', () => undefined);
    child.unref();
  } catch (error) {
    // Node throws where it knows no better, as for a system without memory
    if (systemError(error) === undefined) throw error;
  }
}
