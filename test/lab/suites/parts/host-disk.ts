import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../inside/lab.js';

/** Runs a tool of the host that has to work. There is no udev to wait for. */
export function tool(...argv: readonly string[]): string {
  const [command = '', ...args] = argv;
  return execFileSync(command, args, { encoding: 'utf8', input: '', env: { ...process.env, DM_DISABLE_UDEV: '1' } });
}

/** The node of the disk that the kernel made of a USB device: `/dev/sda`. */
export async function diskOf(lab: Lab, serial: string): Promise<string> {
  const { name } = lab.device(serial);
  const found = await lab.until(`the disk of ${serial}`, () =>
    readdirSync('/sys/class/block').find((block) => {
      const path = tool('readlink', '-f', `/sys/class/block/${block}`);
      return path.includes(`/${name}/`) && !existsSync(`/sys/class/block/${block}/partition`);
    }),
  );
  return `/dev/${found}`;
}

/** A folder to mount on; whatever is mounted there is unmounted at the end. */
export function mountPoint(lab: Lab, name = 'mnt'): string {
  const folder = join(lab.folder, name);
  mkdirSync(folder);
  lab.defer(() => {
    if (readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${folder} `)) tool('umount', folder);
  });
  return folder;
}
