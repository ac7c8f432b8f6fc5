/**
 * What the agent tells others. Input: two looks, one after the other; output: events with numbers, kept for readers that come later, each of
 * which reads at its own pace.
 */

export type { AgentEvent, EventDevice } from './agent-event.js';
export { deriveEvents, type Look } from './derive-events.js';
export { EventLog, type LoggedEvent, type Resync } from './event-log.js';
export { shareEvents } from './share-events.js';
