/**
 * QEMU's events on their way to those who listen: a hub that hands them out, streams with a bounded queue, and waits for one event. Input:
 * events that the session has read; output: calls of listeners, async iterators and promises.
 */

export { callOut } from './call-out.js';
export { EventHub, type EventOf, type EventWait, type QmpEventName } from './event-hub.js';
export type { EventStream } from './event-stream.js';
export { Wait, type WaitOptions } from './wait.js';
