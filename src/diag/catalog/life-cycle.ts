import type { Text } from '../finding.js';
import { sh } from '../fix.js';
import { printable } from '../printable.js';
import { lastWords, list } from './words.js';

export const lifeCycle = {
  'qemu-ended': {
    kind: 'failed',
    text: ({
      binary,
      code,
      signal,
      lastLines,
    }: {
      binary: string;
      code: number | undefined;
      signal: string | undefined;
      lastLines: readonly string[];
    }): Text => ({
      what: `${printable(binary)} ended`,
      why: `${signal === undefined ? `exit code ${code ?? 'unknown'}` : `by ${printable(signal)}`}; ${lastWords(lastLines)}`,
    }),
  },
  'start-timeout': {
    kind: 'timeout',
    text: ({
      binary,
      timeout,
      lastLines,
    }: {
      binary: string;
      timeout: number;
      lastLines: readonly string[];
    }): Text => ({
      what: `${printable(binary)} did not answer within ${timeout / 1000} s`,
      why: lastWords(lastLines),
    }),
  },
  'shutdown-timeout': {
    kind: 'timeout',
    text: ({ vm, timeout }: { vm: string; timeout: number }): Text => ({
      what: `the guest of ${printable(vm)} did not power off within ${timeout / 1000} s`,
      why: 'it was asked by ACPI power button, and may not listen to it',
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'shutdown-ignored': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `the guest of ${printable(vm)} can't be asked to power off`,
      why: `it is ${printable(state)}, so it does not run`,
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'process-not-ended': {
    kind: 'timeout',
    text: ({ pid, waited }: { pid: number; waited: number }): Text => ({
      what: `process ${pid} does not end`,
      why: `${waited} ms after SIGKILL it is still there: it waits in the kernel, for a disk or a USB device`,
    }),
  },
  'process-not-ours': {
    kind: 'failed',
    text: ({ pid }: { pid: number }): Text => ({
      what: `process ${pid} can not be ended`,
      why: 'it belongs to another user',
      fix: sh`sudo kill ${pid}`,
    }),
  },
  'not-suspendable': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `${printable(vm)} can't be suspended`,
      why: `its guest is ${printable(state)}, neither running nor paused`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  /** `mandatory`: the guest stands still until it is there. */
  'missing-at-resume': {
    kind: 'not-found',
    text: ({ label, vm, port, mandatory }: { label: string; vm: string; port: string; mandatory: boolean }): Text => ({
      what: `${printable(label)} is not plugged in any more`,
      where: `host port ${printable(port)}`,
      why: mandatory
        ? `${printable(vm)} must have it (when-missing: fail)`
        : `${printable(vm)} had it when it was suspended`,
      fix: mandatory ? sh`qplug resume ${vm} --wait 60` : sh`qplug attach ${vm} ${port} --wait 60`,
    }),
  },
  suspended: {
    kind: 'failed',
    text: ({ vm, devices, since }: { vm: string; devices: readonly string[]; since: string }): Text => ({
      what: `${printable(vm)} is suspended since ${printable(since)}`,
      why: devices.length === 0 ? undefined : `the host has ${list(devices)} meanwhile`,
      fix: sh`qplug resume ${vm}`,
    }),
  },
} as const;
