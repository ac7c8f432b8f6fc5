import { type JsonObject, nestsDeeper } from '../protocol/index.js';
import {
  DUPLICATE_KEY,
  NOT_AN_OBJECT,
  NOT_JSON,
  negotiation,
  refusalLine,
  returnLine,
  TOO_DEEP,
  TOO_LARGE,
  withDescriptor,
} from './answers.js';
import type { ClientFrame } from './command-splitter.js';
import type { ShareLimits } from './limits.js';
import { type RawMember, rawMembers } from './raw-object.js';
import { strictJson } from './strict-json.js';

/**
 * The next thing that a client gets: its command goes to QEMU (`members`, without the id), or an answer to the client.
 * `ends`: nothing that comes later from it is read. `negotiated`: it gets events from then on. `turn`: the answer has to wait for its turn.
 */
export type NextOfClient =
  | { readonly pass: readonly RawMember[]; readonly id: RawMember | undefined }
  | { readonly answer: string; readonly ends?: boolean; readonly negotiated?: boolean; readonly turn?: boolean };

/**
 * One client of a share: what it sent and did not get yet, in order; whether it has negotiated; how much it has not read. Knows no
 * socket, and not the other clients.
 */
export class ShareClient {
  readonly #limits: ShareLimits;
  #frames: ClientFrame[] = [];
  /** What the first frame means, once it was read. */
  #head: NextOfClient | undefined;
  #frameBytes = 0;
  #negotiated = false;
  #unread = 0;
  #inQemu = 0;
  #ending = false;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Whether it gets events. */
  get negotiated(): boolean {
    return this.#negotiated;
  }

  /** Whether nothing more is to be read from it for now. */
  get isFull(): boolean {
    const { waiting, waitingBytes } = this.#limits;
    return this.#frames.length >= waiting || this.#frameBytes >= waitingBytes;
  }

  /** Whether it reads so little that the next message would not fit. */
  get isStuck(): boolean {
    return this.#unread > this.#limits.unreadBytes;
  }

  /** It sent these. */
  received(frames: readonly ClientFrame[]): void {
    if (this.#ending) return;
    for (const frame of frames) {
      this.#frames.push(frame);
      this.#frameBytes += frame.bytes;
    }
  }

  /** That many bytes are on their way to it. */
  sent(bytes: number): void {
    this.#unread += bytes;
  }

  /** It has read that many bytes. */
  read(bytes: number): void {
    this.#unread -= bytes;
  }

  /** QEMU has answered a command of it. */
  answered(): void {
    this.#inQemu--;
  }

  /**
   * @param isFree - whether no client has the turn
   * @returns what is next for it; undefined if it has to wait, or has sent nothing
   */
  next(isFree: boolean): NextOfClient | undefined {
    const [frame] = this.#frames;
    const { inFlight, slowBytes } = this.#limits;
    if (frame === undefined || this.#inQemu >= inFlight || this.#unread > slowBytes) return undefined;
    this.#head ??= this.#judge(frame);
    const next = this.#head;
    // its answer comes after those to the commands before it
    if ('answer' in next && (this.#inQemu > 0 || (next.turn === true && !isFree))) return undefined;
    this.#frames.shift();
    this.#head = undefined;
    this.#frameBytes -= frame.bytes;
    if ('pass' in next) this.#inQemu++;
    else if (next.negotiated === true) this.#negotiated = true;
    else if (next.ends === true) {
      this.#ending = true;
      this.#frames = [];
      this.#frameBytes = 0;
    }
    return next;
  }

  #judge(frame: ClientFrame): NextOfClient {
    if ('fault' in frame) {
      const isLarge = frame.fault === 'too-large';
      return { answer: refusalLine(isLarge ? TOO_LARGE : NOT_JSON, undefined), ends: isLarge };
    }
    if (nestsDeeper(frame.text, this.#limits.nesting)) return { answer: refusalLine(TOO_DEEP, undefined) };
    const read = readJson(frame.text);
    if (read === undefined) return { answer: refusalLine(NOT_JSON, undefined) };
    const { value, json } = read;
    if (Array.isArray(value)) return { answer: refusalLine(NOT_AN_OBJECT, undefined) };
    const members = rawMembers(json);
    if (new Set(members.map(({ name }) => name)).size < members.length)
      return { answer: refusalLine(DUPLICATE_KEY, undefined) };
    const message = value as JsonObject;
    const id = members.find(({ name }) => name === 'id');
    if (!this.#negotiated) {
      const outcome = negotiation(message);
      if ('error' in outcome) return { answer: refusalLine(outcome, id) };
      return { answer: returnLine(id), negotiated: true, turn: outcome.turn };
    }
    const refusal = withDescriptor(message);
    if (refusal !== undefined) return { answer: refusalLine(refusal, id) };
    return { pass: members.filter((one) => one !== id), id };
  }
}

/** @returns a message's value, and the same as strict JSON; undefined if it is neither JSON nor QEMU's kind of it */
function readJson(text: string): { readonly value: unknown; readonly json: string } | undefined {
  for (const json of [text, strictJson(text)]) {
    try {
      return { value: JSON.parse(json), json };
    } catch {
      // strings in single quotes, or no JSON at all
    }
  }
  return undefined;
}
