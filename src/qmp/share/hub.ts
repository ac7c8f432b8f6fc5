import { type JsonObject, TURN } from '../protocol/index.js';
import { refusalLine, refuse } from './answers.js';
import { type NextOfClient, ShareClient } from './client.js';
import type { ClientFrame } from './command-splitter.js';
import type { ShareLimits } from './limits.js';
import { joinMembers, type RawMember, rawMembers } from './raw-object.js';

/** The number of a client: never used again. */
export type ClientId = number;

/** Why the hub ends a client. `too-large`: it sent a message beyond the limit · `unread`: it does not read what it gets. */
export type DropReason = 'too-large' | 'unread';

/** What the owner of a hub has to do, in order. Text has its line end. */
export type ShareEffect =
  | { readonly effect: 'to-qemu'; readonly text: string }
  | { readonly effect: 'to-client'; readonly client: ClientId; readonly text: string; readonly bytes: number }
  /** Read nothing more from this client for now. */
  | { readonly effect: 'pause'; readonly client: ClientId }
  | { readonly effect: 'resume'; readonly client: ClientId }
  /** End this client; `text` is an error for it, if it has room. The hub has forgotten it. */
  | { readonly effect: 'drop'; readonly client: ClientId; readonly reason: DropReason; readonly text: string };

/** A command that QEMU has. `client` may have left. */
interface Sent {
  readonly client: ClientId;
  readonly id: RawMember | undefined;
}

interface Joined {
  readonly client: ShareClient;
  paused: boolean;
}

/** How many commands of all clients QEMU has at the same time: it runs one, and has the next ones at hand. */
const IN_QEMU = 32;

/**
 * Many clients, one QEMU: each method takes what happened and returns what the owner has to do about it. It knows no sockets, no promises and
 * no time. Commands go to QEMU under ids of the hub's own, one of each client in turn; an answer goes to the client who asked, with the
 * id that it gave; an event goes to all clients that have negotiated. Values are passed on as text.
 *
 * QEMU answers in the order of the commands, since the hub does not ask for out-of-band execution (docs/interop/qmp-spec).
 */
export class ShareHub {
  readonly #greeting: string;
  readonly #limits: ShareLimits;
  readonly #clients = new Map<ClientId, Joined>();
  readonly #sent = new Map<number, Sent>();
  #nextId = 1;
  /** The client that has the turn. */
  #turn: ClientId | undefined;

  /** @param greeting - QEMU's own, as it came */
  constructor(greeting: string, limits: ShareLimits) {
    this.#greeting = greetingOf(greeting);
    this.#limits = limits;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** How many commands QEMU has. */
  get inQemu(): number {
    return this.#sent.size;
  }

  /** A client connected. @param id - not used before */
  joined(id: ClientId): readonly ShareEffect[] {
    this.#clients.set(id, { client: new ShareClient(this.#limits), paused: false });
    const effects: ShareEffect[] = [];
    this.#tell(id, this.#greeting, effects);
    return effects;
  }

  /** A client sent these messages. */
  received(id: ClientId, frames: readonly ClientFrame[]): readonly ShareEffect[] {
    this.#clients.get(id)?.client.received(frames);
    return this.#goOn();
  }

  /** The kernel took that many bytes for a client. */
  taken(id: ClientId, bytes: number): readonly ShareEffect[] {
    this.#clients.get(id)?.client.read(bytes);
    return this.#goOn();
  }

  /** A client closed its connection. What it sent and QEMU does not have yet is dropped, as QEMU does it. */
  left(id: ClientId): readonly ShareEffect[] {
    this.#forget(id);
    return this.#goOn();
  }

  /** QEMU sent this line. @param message - the same, parsed */
  fromQemu(line: string, message: JsonObject): readonly ShareEffect[] {
    if (typeof message['event'] === 'string') return this.#happened(`${line}\r\n`);
    if (!Object.hasOwn(message, 'return') && !Object.hasOwn(message, 'error')) return [];
    const { id } = message;
    const known = typeof id === 'number' ? id : id === undefined ? this.#oldest() : undefined;
    const sent = known === undefined ? undefined : this.#sent.get(known);
    if (known === undefined || sent === undefined) return [];
    this.#sent.delete(known);
    const effects: ShareEffect[] = [];
    const joined = this.#clients.get(sent.client);
    if (joined !== undefined) {
      joined.client.answered();
      const members = rawMembers(line).filter(({ name }) => name !== 'id');
      // QEMU itself gives no id where it could not read the command
      const withId = id === undefined || sent.id === undefined ? members : [...members, sent.id];
      this.#tell(sent.client, `${joinMembers(withId)}\r\n`, effects);
    }
    return [...effects, ...this.#goOn()];
  }

  /** An error without an id is QEMU's answer to a text that it could not read: the first one that has no answer. */
  #oldest(): number | undefined {
    const [oldest] = this.#sent.keys();
    return oldest;
  }

  #happened(text: string): readonly ShareEffect[] {
    const effects: ShareEffect[] = [];
    for (const [id, { client }] of [...this.#clients]) if (client.negotiated) this.#tell(id, text, effects);
    return effects;
  }

  #tell(id: ClientId, text: string, effects: ShareEffect[]): void {
    const joined = this.#clients.get(id);
    if (joined === undefined) return;
    if (joined.client.isStuck) {
      this.#drop(id, 'unread', effects);
      return;
    }
    const bytes = Buffer.byteLength(text);
    joined.client.sent(bytes);
    effects.push({ effect: 'to-client', client: id, text, bytes });
  }

  #forget(id: ClientId): void {
    this.#clients.delete(id);
    if (this.#turn === id) this.#turn = undefined;
  }

  #drop(id: ClientId, reason: DropReason, effects: ShareEffect[]): void {
    this.#forget(id);
    const text = refusalLine(refuse('qplug share ends this client: it does not read what it gets'), undefined);
    effects.push({ effect: 'drop', client: id, reason, text: reason === 'unread' ? text : '' });
  }

  /** Lets each client go on in turn, until all have to wait. */
  #goOn(): readonly ShareEffect[] {
    const effects: ShareEffect[] = [];
    for (let moved = true; moved; ) {
      moved = false;
      for (const [id, joined] of [...this.#clients]) {
        if (this.#sent.size >= IN_QEMU) break;
        const next = joined.client.next(this.#turn === undefined);
        if (next === undefined) continue;
        moved = true;
        // the one that had its turn is the last now
        this.#clients.delete(id);
        this.#clients.set(id, joined);
        this.#carryOut(id, next, effects);
      }
    }
    for (const [id, joined] of this.#clients) {
      if (joined.client.isFull === joined.paused) continue;
      joined.paused = joined.client.isFull;
      effects.push({ effect: joined.paused ? 'pause' : 'resume', client: id });
    }
    return effects;
  }

  #carryOut(id: ClientId, next: NextOfClient, effects: ShareEffect[]): void {
    if ('answer' in next) {
      if (next.turn === true) this.#turn = id;
      this.#tell(id, next.answer, effects);
      if (next.ends === true) this.#drop(id, 'too-large', effects);
      return;
    }
    const ours = this.#nextId++;
    this.#sent.set(ours, { client: id, id: next.id });
    effects.push({
      effect: 'to-qemu',
      text: `${joinMembers([...next.pass, { name: 'id', value: String(ours) }])}\n`,
    });
  }
}

/** @returns QEMU's greeting with its version as it is, and what a share offers: out-of-band commands would break the order of the answers */
function greetingOf(line: string): string {
  const inner = rawMembers(line).find(({ name }) => name === 'QMP');
  const members = inner === undefined ? [] : rawMembers(inner.value);
  const offered = members.map((one) => (one.name === 'capabilities' ? { ...one, value: JSON.stringify([TURN]) } : one));
  return `${joinMembers([{ name: 'QMP', value: joinMembers(offered) }])}\r\n`;
}
