import { readdirSync, readFileSync } from 'node:fs';
import { identifyProcess, listenerOf, type ProcessIdentity } from '../base/index.js';

/**
 * Finds a QEMU by its monitor: one whose launcher died before it could write down the pid. Its command line names the socket, or it was
 * handed the socket when it was started.
 *
 * @param socket - path of the socket that it serves, or will
 * @returns undefined when there is none, or it is not ours to see
 */
export function findRunning(socket: string): ProcessIdentity | undefined {
  // QEMU's own spelling of a comma in an option
  const words = `=${socket.replaceAll(',', ',,')}`;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = commandLine(name);
    if (line.some((word) => word.endsWith(words) || word.includes(`${words},`))) return identifyProcess(Number(name));
  }
  return listenerOf(socket);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
