import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { writeEmptyImage } from '../../../qemu/harness/empty-image.js';
import type { Lab } from '../../inside/lab.js';

/** The words that give a VM an empty disk, which holds saved states. */
export function stateDisk({ folder }: Lab): string[] {
  const file = join(mkdtempSync(join(folder, 'disk-')), 'disk.qcow2');
  writeEmptyImage(file, 'qcow2');
  return [
    ...['-blockdev', `qcow2,node-name=disk,file.driver=file,file.filename=${file}`],
    ...['-device', 'virtio-blk-pci,drive=disk'],
  ];
}
