import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { type MigrationInfo, QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { MigrateStep } from './step.js';

/** ms between two queries of a migration's status. */
const STATUS_INTERVAL = 100;

/** ms between two progress lines. */
const PROGRESS_INTERVAL = 1000;

/** ms for QEMU to cancel a migration: it shuts the connection down without waiting for the other side. */
const CANCEL_TIMEOUT = 15_000;

/** The states of no migration and of a finished one. A migration in any other state, known or of a later release, continues. */
const OVER: readonly (string | undefined)[] = [undefined, 'none', 'completed', 'failed', 'cancelled'];

interface Watched {
  readonly signal: AbortSignal;
  readonly tell?: ((what: string) => void) | undefined;
}

/**
 * Whether the guest has left for good: the last migration completed, and the guest was not resumed since. `postmigrate` alone is no proof:
 * up to 7.2 a failed migration of a paused guest leads there too (migration/migration.c, migration_iteration_finish).
 */
export async function hasLeft(qmp: QmpConnection, signal: AbortSignal): Promise<boolean> {
  const { status: run } = await qmp.execute('query-status', undefined, { signal });
  if (run !== 'postmigrate') return false;
  return (await qmp.execute('query-migrate', undefined, { signal })).status === 'completed';
}

/**
 * Sends the guest to the other side and waits until it arrives. On abort, cancels the migration unless the guest has arrived.
 *
 * Without the capability `return-path` QEMU assumes that everything it wrote arrived: 10.0 and 11.1 report `completed` although the other
 * side refused the guest, which then runs nowhere. With it they wait for the other side's confirmation. A file confirms nothing.
 *
 * @throws QplugError `migration-failed`: the guest is here, unchanged · QmpError · the signal's reason
 */
export async function sendGuest(qmp: QmpConnection, step: MigrateStep, { signal, tell }: Watched): Promise<void> {
  try {
    if (step.setsReturnPath) await setReturnPath(qmp, true, signal);
    await qmp.execute('migrate', { uri: step.uri }, { signal });
    await over(qmp, signal, tell);
  } catch (error) {
    const refused = error instanceof QmpCommandError;
    if (!refused && !signal.aborted) throw error;
    // cancelled too late: the guest has arrived
    if (await endMigration(qmp, step)) return;
    throw refused ? await failure(qmp, step, error.desc) : error;
  }
  if (!(await endMigration(qmp, step))) throw await failure(qmp, step, undefined);
}

/**
 * Cancels a migration if one is active, and restores QEMU's settings.
 *
 * @returns whether the guest has left
 */
export async function endMigration(qmp: QmpConnection, { setsReturnPath }: MigrateStep): Promise<boolean> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT);
  const { status } = await qmp.execute('query-migrate', undefined, { signal });
  if (!OVER.includes(status)) await qmp.execute('migrate_cancel', undefined, { signal });
  await over(qmp, signal);
  await poll(
    async () =>
      (await qmp.execute('query-status', undefined, { signal })).status === 'finish-migrate' ? undefined : true,
    { interval: STATUS_INTERVAL, signal },
  );
  if (setsReturnPath) await setReturnPath(qmp, false, signal);
  return hasLeft(qmp, signal);
}

/** Whether QEMU already waits for the other side's confirmation. */
export async function hasReturnPath(qmp: QmpConnection, signal: AbortSignal): Promise<boolean> {
  const capabilities = await qmp.execute('query-migrate-capabilities', undefined, { signal });
  return capabilities.some(({ capability, state }) => capability === 'return-path' && state);
}

async function setReturnPath(qmp: QmpConnection, state: boolean, signal: AbortSignal): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'return-path', state }] }, { signal });
}

async function failure(qmp: QmpConnection, { uri }: MigrateStep, desc: string | undefined): Promise<Error> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT);
  const { 'error-desc': told } = await qmp.execute('query-migrate', undefined, { signal });
  const { status: run } = await qmp.execute('query-status', undefined, { signal });
  return fail('migration-failed', { target: uri, reason: desc ?? told, run });
}

async function over(qmp: QmpConnection, signal: AbortSignal, tell?: Watched['tell']): Promise<void> {
  let told = { status: '', at: 0 };
  for (;;) {
    const info = await qmp.execute('query-migrate', undefined, { signal });
    const { status } = info;
    if (status === undefined || OVER.includes(status)) return;
    const now = performance.now();
    if (told.status !== status || now - told.at >= PROGRESS_INTERVAL) {
      tell?.(wordsOf(info));
      told = { status, at: now };
    }
    await delay(STATUS_INTERVAL, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const MB = 1e6;

/** @returns a progress line about a migration */
export function wordsOf({ status = '', ram }: MigrationInfo): string {
  if (status === 'setup') return 'wait for the other side';
  if (status === 'cancelling') return 'cancel the migration';
  if (ram === undefined) return `migration status: ${status}`;
  const { total, remaining, transferred, mbps } = ram;
  const sent = `${Math.round(transferred / MB)} MB sent`;
  if (status !== 'active') return `the guest is paused; the other side takes over (${sent})`;
  const percent = total === 0 ? 0 : Math.floor(((total - remaining) * 100) / total);
  return `${percent} % of ${Math.round(total / MB)} MB of memory, ${sent}, ${Math.round(mbps)} Mb/s`;
}
