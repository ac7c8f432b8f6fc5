import type { DeviceSpec } from '../qdev/index.js';

/**
 * One change to a VM. Everything that qplug does to a running VM is a list of these; each knows its undo.
 *
 * - `add`: `device_add` of a controller, a hub or a device · `remove`: `device_del`, waited for
 */
export type Step =
  | {
      readonly do: 'add';
      readonly device: DeviceSpec;
      /** How people call it (printable). */
      readonly label: string;
      /** For a usb-host: the host port it comes from, whose drivers are checked after an undo. */
      readonly hostPort?: string | undefined;
    }
  | {
      readonly do: 'remove';
      /** What `device_del` takes: an id, or an absolute QOM path. */
      readonly target: string;
      readonly qomPath: string;
      readonly label: string;
      /** What brings it back; undefined when qplug does not know how it was made. */
      readonly restore: DeviceSpec | undefined;
      /** It stood for a device that is gone: nobody wants it back. */
      readonly stale?: boolean | undefined;
      readonly hostPort?: string | undefined;
    };

/** What happened to a step, for progress and for the record. */
export type StepEvent = { readonly event: 'doing' | 'done' | 'undoing' | 'undone' | 'not-undone'; readonly step: Step };
