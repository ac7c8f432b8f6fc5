import { claimsOf, giveBackClaims, type HostAccess, ownerOf } from '../../../access/index.js';
import { addFindings, type Finding, fail } from '../../../diag/index.js';
import { connect } from '../../../qmp/index.js';
import type { VmRecord } from '../../../registry/index.js';
import { LAST_LINES } from '../../transaction/index.js';
import { ANSWER_TIMEOUT, killVm, shutdownVm } from './end-vm.js';
import type { RunningVm } from './run.js';

/** ms for a guest to power off after Ctrl-C. */
const POWERDOWN_TIMEOUT = 10_000;

/**
 * Waits until a VM ends. When the signal aborts, ends the VM: power button, then `quit`, SIGTERM, SIGKILL; reports each step.
 *
 * @param options - `onLog` gets QEMU's output in pieces, raw
 * @returns warnings about devices that the host's drivers did not take back
 * @throws QplugError `qemu-ended` if QEMU ended by itself with a code other than 0; `process-not-ended`; the signal's reason if qplug
 *   ended the VM
 */
export async function stayWith(
  vm: RunningVm,
  host: HostAccess,
  options: {
    readonly signal: AbortSignal;
    readonly onProgress: (what: string) => void;
    readonly onLog: (text: string) => void;
  },
): Promise<readonly Finding[]> {
  const { record, process: qemu } = vm;
  const follow = new AbortController();
  const following = qemu.follow(options.onLog, follow.signal);
  const aborted = new Promise<'aborted'>((resolve) => {
    if (options.signal.aborted) resolve('aborted');
    else options.signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  const ended = await Promise.race([qemu.exited, aborted]);
  try {
    if (ended === 'aborted') await endInOrder(record, host, options.onProgress);
    await qemu.exited;
  } finally {
    follow.abort();
    await following;
  }
  const { code, signal } = await qemu.exited;
  const lastLines = await qemu.lastLines(LAST_LINES);
  const owner = ownerOf({ name: record.name, socket: record.sockets.qplug, record });
  const findings = await giveBackClaims(claimsOf(owner, host), host);
  host.registry.removeIfDead(record.name);
  if (ended === 'aborted') throw addFindings(options.signal.reason, findings);
  if (code !== 0) {
    const { binary } = record;
    throw fail('qemu-ended', { binary, code: code ?? undefined, signal: signal ?? undefined, lastLines });
  }
  return findings;
}

async function endInOrder(record: VmRecord, host: HostAccess, onProgress: (what: string) => void): Promise<void> {
  const operation = { signal: new AbortController().signal, timeout: POWERDOWN_TIMEOUT, onProgress };
  const target = { name: record.name, socket: record.sockets.qplug, record };
  try {
    await using qmp = await connect(
      { path: target.socket },
      { timeout: ANSWER_TIMEOUT, commandTimeout: ANSWER_TIMEOUT },
    );
    await shutdownVm({ ...target, qmp, [Symbol.asyncDispose]: () => qmp.close() }, host, operation);
    return;
  } catch {
    // the guest does not run, ignores the button, or QEMU can't be reached: the next step does not depend on the guest
    onProgress('the guest did not power off');
  }
  await killVm(target, host, operation);
}
