import { openHost } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import type { HostInventory } from '../../../host/index.js';
import { type Prepared, prepare } from '../../../vm/index.js';
import type { Arguments } from '../../command.js';
import type { Terminal } from '../../terminal.js';
import { chooseInventory, hostNotes } from './choose-inventory.js';
import { guardOffOf } from './read-options.js';

/** A VM file that was looked at, not started. */
export interface PreparedFile {
  readonly prepared: Prepared;
  /** The devices that it was planned with; undefined with `--offline`. */
  readonly inventory: HostInventory | undefined;
  /** Those of the plan, and what a `--host` file could not tell. */
  readonly findings: readonly Finding[];
}

/**
 * Works out a VM file as `--host`, `--offline` and `--forget` say. What is remembered of this host is no help on another.
 *
 * @param path - of the VM file
 * @throws QplugError as `prepare` and `chooseInventory`
 */
export async function prepareFile(path: string, args: Arguments, terminal: Terminal): Promise<PreparedFile> {
  const host = openHost(terminal);
  const inventory = await chooseInventory(args, host, terminal);
  const forget = args.flag('forget') || args.text('host') !== undefined;
  const prepared = await prepare(path, host, inventory, {
    full: false,
    forget,
    guardOff: guardOffOf(args),
    signal: terminal.signal,
  });
  return { prepared, inventory, findings: [...hostNotes(inventory, prepared), ...prepared.findings] };
}
