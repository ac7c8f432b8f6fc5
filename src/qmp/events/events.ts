import type { QmpEvents } from '../generated/replies.js';
import type { QmpEvent } from '../protocol/index.js';

export type QmpEventName = keyof QmpEvents;

/** An event by its name: typed where qplug knows it, else with `data` as any object. */
export type EventOf<N extends string> = N extends QmpEventName ? QmpEvent<N, QmpEvents[N]> : QmpEvent<N>;
