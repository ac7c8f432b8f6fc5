import type { JsonObject, QmpEvent } from './message.js';

/** The events that qplug uses, with what they carry (qapi/qdev.json, qapi/run-state.json). */
export interface QmpEvents {
  /** `device` is missing for an object without an id; `path` is its QOM path. */
  DEVICE_DELETED: { readonly device?: string; readonly path: string };
  DEVICE_UNPLUG_GUEST_ERROR: { readonly device?: string; readonly path: string };
  SHUTDOWN: { readonly guest: boolean; readonly reason: string };
  RESET: { readonly guest: boolean; readonly reason: string };
  POWERDOWN: JsonObject;
  STOP: JsonObject;
  RESUME: JsonObject;
}

export type QmpEventName = keyof QmpEvents;

/** An event by its name: typed where qplug knows it, else with `data` as any object. */
export type EventOf<N extends string> = N extends QmpEventName ? QmpEvent<N, QmpEvents[N]> : QmpEvent<N>;
