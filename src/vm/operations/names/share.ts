import { type HostAccess, recordedSocket } from '../../../access/index.js';
import { type SocketIdentity, SocketPlace, selfIdentity, socketFileOf } from '../../../base/index.js';
import { type Finding, finding, QplugError } from '../../../diag/index.js';
import {
  type CloseReason,
  type ConnectOptions,
  connectLines,
  type LineConnection,
  type QmpAddress,
  type ShareNotice,
  type ShareOptions,
  ShareServer,
} from '../../../qmp/index.js';
import type { ShareRecord } from '../../../registry/index.js';
import type { Operation } from '../../operation.js';
import { findVm, takeMonitor } from '../../target/index.js';

export interface ShareRequest {
  /** Name, VM file or socket path. */
  readonly vm: string;
  /** The path of the socket to make. */
  readonly listen: string;
  readonly limits?: ShareOptions['limits'];
}

/** What is known of a share. */
interface ShareFacts {
  /** The VM's name, or what named its socket. */
  readonly vm: string;
  /** QEMU's socket, which the share holds; absolute. */
  readonly socket: string;
  /** The socket that it serves; absolute, links followed. */
  readonly listen: string;
  /** Resolves when it is over and its socket is gone, with the reason why QEMU's connection ended. Never rejects. */
  readonly ended: Promise<CloseReason>;
  /** Warnings about the start. */
  readonly findings: readonly Finding[];
}

/** A QMP socket that many clients use at once. Lives until it is disposed of, its signal aborts, or QEMU ends. */
export class VmShare implements AsyncDisposable {
  readonly facts: ShareFacts;
  readonly #server: ShareServer;

  constructor(facts: ShareFacts, server: ShareServer) {
    this.facts = facts;
    this.#server = server;
  }

  /** Ends it when the signal aborts. */
  endWith(signal: AbortSignal): void {
    const end = (): void => void this[Symbol.asyncDispose]();
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    void this.facts.ended.then(() => signal.removeEventListener('abort', end));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.facts.ended;
  }
}

/**
 * Connects to a VM's QMP socket, and serves it to many clients on a new socket. Of a VM that qplug started it shares the socket for the
 * VM's owner: qplug's own stays free.
 *
 * @param operation - `timeout` ms until it serves; `signal` also ends the share later
 * @param onNotice - gets warnings about clients later
 * @throws QplugError `vm-not-found` · `share-place-taken` · `share-place-unsafe` · `share-place-unusable` · `qmp-path-too-long` · QmpConnectError:
 *   `qmp-busy` if another client holds QEMU's socket, …
 */
export async function shareVm(
  { vm, listen, limits }: ShareRequest,
  host: HostAccess,
  operation: Operation,
  onNotice: (found: Finding) => void,
): Promise<VmShare> {
  const { timeout, signal } = operation;
  const { name, record, socket: monitor } = await findVm(vm, host, signal);
  const socket = recordedSocket(record?.sockets.owner ?? monitor);
  const place = await SocketPlace.prepare(listen, signal);
  try {
    const file = socketFileOf(socket);
    const qemu = await takeMonitor(socket, connectToStay, { signal, timeout });
    const notice = (told: ShareNotice): void => onNotice(findingOf(told));
    const server = await ShareServer.listen(qemu, place.bindAt, { limits, onNotice: notice });
    try {
      place.publish();
      const { findings, remove } = recorded(place, { socket, file }, qemu.socket, host);
      const ended = ending(server, qemu.closed, () => {
        remove();
        place[Symbol.dispose]();
      });
      const share = new VmShare({ vm: name, socket, listen: place.path, findings, ended }, server);
      share.endWith(signal);
      return share;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
}

/** Behind a share of another user, the turn is for those who come and go. */
function connectToStay(address: QmpAddress, options: ConnectOptions): Promise<LineConnection> {
  return connectLines(address, { ...options, turn: false });
}

async function ending(server: ShareServer, closed: Promise<CloseReason>, end: () => void): Promise<CloseReason> {
  // nobody new comes while the clients end
  await closed;
  end();
  return server.closed;
}

/** Writes down which QEMU is behind the share's socket. A failure is a warning: the share works, and qplug knows less of its VM. */
function recorded(
  { path, file: listenFile }: SocketPlace,
  { socket, file }: { readonly socket: string; readonly file: string | undefined },
  end: SocketIdentity | undefined,
  { shares }: HostAccess,
): { readonly findings: readonly Finding[]; readonly remove: () => void } {
  if (listenFile === undefined || file === undefined || end === undefined || shares === undefined)
    return { findings: [], remove: () => undefined };
  const record: ShareRecord = {
    format: 1,
    share: selfIdentity(),
    listen: { socket: path, file: listenFile },
    qemu: { socket, file },
    end,
  };
  try {
    shares.add(record);
    return { findings: [], remove: () => shares.remove(record) };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    const findings = error.findings.map((one): Finding => ({ ...one, severity: 'warning' }));
    return { findings, remove: () => undefined };
  }
}

function findingOf(told: ShareNotice): Finding {
  return told.notice === 'dropped'
    ? finding('share-client-dropped', { client: told.client, reason: told.reason }, { severity: 'warning' })
    : finding('share-clients-full', { limit: told.limit }, { severity: 'warning' });
}
