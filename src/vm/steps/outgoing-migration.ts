import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { type MigrationInfo, QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { MigrateStep } from './step.js';

/** ms between two questions how a migration goes on. */
const ASK_EVERY = 100;

/** ms between two words on how much has gone. */
const TELL_EVERY = 1000;

/** ms for QEMU to end a migration that was given up: it shuts the connection down, whoever is at the other end. */
const ENDING = 15_000;

/** Of no migration and of one that is over. Whatever else there is, now or in later releases, goes on. */
const OVER: readonly (string | undefined)[] = [undefined, 'none', 'completed', 'failed', 'cancelled'];

interface Watched {
  readonly signal: AbortSignal;
  readonly tell?: ((what: string) => void) | undefined;
}

/**
 * Whether the guest has left for good: the last migration completed, and nobody let it go on since. `postmigrate` alone does not say
 * so: up to 7.2 a guest that stood still gets there by a migration that failed too (migration/migration.c, migration_iteration_finish).
 */
export async function hasLeft(qmp: QmpConnection, signal: AbortSignal): Promise<boolean> {
  const { status: run } = await qmp.execute('query-status', undefined, { signal });
  if (run !== 'postmigrate') return false;
  return (await qmp.execute('query-migrate', undefined, { signal })).status === 'completed';
}

/**
 * Sends the guest away and waits until it is there. Given up, it is cancelled, unless it has arrived meanwhile.
 *
 * Without the capability `return-path` QEMU takes all that was written for all that arrived: 10.0 and 11.1 say `completed` where the other side has
 * refused the guest, which then runs nowhere. With it they wait for its word. A file has no word to say.
 *
 * @throws QplugError `migration-failed`: the guest is here, as before · QmpError · the signal's reason
 */
export async function sendGuest(qmp: QmpConnection, step: MigrateStep, { signal, tell }: Watched): Promise<void> {
  try {
    if (step.setsReturnPath) await setReturnPath(qmp, true, signal);
    await qmp.execute('migrate', { uri: step.uri }, { signal });
    await over(qmp, signal, tell);
  } catch (error) {
    const refused = error instanceof QmpCommandError;
    if (!refused && !signal.aborted) throw error;
    // given up too late: it has arrived
    if (await endMigration(qmp, step)) return;
    throw refused ? await failure(qmp, step, error.desc) : error;
  }
  if (!(await endMigration(qmp, step))) throw await failure(qmp, step, undefined);
}

/**
 * Ends a migration that may be on its way, and sees to it that QEMU is as before.
 *
 * @returns whether the guest has left
 */
export async function endMigration(qmp: QmpConnection, { setsReturnPath }: MigrateStep): Promise<boolean> {
  const signal = AbortSignal.timeout(ENDING);
  const { status } = await qmp.execute('query-migrate', undefined, { signal });
  if (!OVER.includes(status)) await qmp.execute('migrate_cancel', undefined, { signal });
  await over(qmp, signal);
  await poll(
    async () =>
      (await qmp.execute('query-status', undefined, { signal })).status === 'finish-migrate' ? undefined : true,
    { interval: ASK_EVERY, signal },
  );
  if (setsReturnPath) await setReturnPath(qmp, false, signal);
  return hasLeft(qmp, signal);
}

/** Whether QEMU waits for the other side's word already. */
export async function hasReturnPath(qmp: QmpConnection, signal: AbortSignal): Promise<boolean> {
  const capabilities = await qmp.execute('query-migrate-capabilities', undefined, { signal });
  return capabilities.some(({ capability, state }) => capability === 'return-path' && state);
}

async function setReturnPath(qmp: QmpConnection, state: boolean, signal: AbortSignal): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'return-path', state }] }, { signal });
}

async function failure(qmp: QmpConnection, { uri }: MigrateStep, desc: string | undefined): Promise<Error> {
  const signal = AbortSignal.timeout(ENDING);
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
    if (told.status !== status || now - told.at >= TELL_EVERY) {
      tell?.(wordsOf(info));
      told = { status, at: now };
    }
    await delay(ASK_EVERY, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const MB = 1e6;

/** @returns how a migration stands, for people */
export function wordsOf({ status = '', ram }: MigrationInfo): string {
  if (status === 'setup') return 'wait for the other side';
  if (status === 'cancelling') return 'give the migration up';
  if (ram === undefined) return `the migration is at: ${status}`;
  const { total, remaining, transferred, mbps } = ram;
  const sent = `${Math.round(transferred / MB)} MB sent`;
  if (status !== 'active') return `the guest stands still, the other side takes it over (${sent})`;
  const percent = total === 0 ? 0 : Math.floor(((total - remaining) * 100) / total);
  return `${percent} % of ${Math.round(total / MB)} MB of memory, ${sent}, ${Math.round(mbps)} Mb/s`;
}
