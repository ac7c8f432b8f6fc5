import { type HostAccess, inventoryOf } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import { type HostInventory, readHostFile } from '../../../host/index.js';
import type { Prepared } from '../../../vm/index.js';
import type { Arguments } from '../../command.js';
import type { Terminal } from '../../terminal.js';
import { refuseHostFile } from './read-options.js';

/**
 * The devices that are meant: those of this host, of the file that `--host` names, or none at all with `--offline`.
 *
 * @throws QplugError `options-conflict`, and all that `readHostFile` throws
 */
export async function chooseInventory(
  args: Arguments,
  host: HostAccess,
  terminal: Terminal,
): Promise<HostInventory | undefined> {
  const file = args.text('host');
  if (args.flag('offline')) {
    refuseHostFile(args, '--offline', '--offline uses no devices, and --host uses those of a file');
    return undefined;
  }
  return file === undefined
    ? inventoryOf(host)
    : readHostFile(file, { input: terminal.input, signal: terminal.signal });
}

/** @returns what a file could not tell: of the host as a whole, and of the devices that take part in the plan */
export function hostNotes(
  inventory: HostInventory | undefined,
  { wanted }: Pick<Prepared, 'wanted'>,
): readonly Finding[] {
  const fromFile = inventory?.devices.some(({ access }) => access === 'unknown') ?? false;
  if (!fromFile) return [];
  return [...(inventory?.findings ?? []), ...wanted.flatMap(({ hostDevice }) => hostDevice?.findings ?? [])];
}
