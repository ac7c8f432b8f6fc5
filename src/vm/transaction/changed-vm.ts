import { ownerOf } from '../../access/index.js';
import { lastLogLines } from '../../launcher/index.js';
import type { OpenVm } from '../target/index.js';
import type { ChangedVm } from './transaction.js';

/** Number of QEMU's last lines in an error. */
export const LAST_LINES = 5;

/** @returns an open VM as a transaction's target */
export function changedVm(vm: OpenVm): ChangedVm {
  const { name, qmp, record } = vm;
  const lastLines = async (): Promise<readonly string[]> =>
    record === undefined ? [] : lastLogLines(record.log, LAST_LINES);
  return { name, qmp, owner: ownerOf(vm), lastLines };
}
