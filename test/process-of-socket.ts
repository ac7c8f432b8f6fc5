import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param socket - path of a monitor, as it stands in the command line of its QEMU
 * @returns the pid of that QEMU: tests start no other process whose words name its socket in this way
 */
export function processOfSocket(socket: string): number | undefined {
  const isQemu = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`unix:${socket},server`);
    } catch {
      return false;
    }
  };
  const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isQemu(name));
  return found === undefined ? undefined : Number(found);
}
