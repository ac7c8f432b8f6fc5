import type { Text } from '../../finding.js';
import { sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { lastWords, list } from '../words.js';

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
      why: `${signal === undefined ? `exit code ${code ?? 'unknown'}` : `killed by ${printable(signal)}`}; ${lastWords(lastLines)}`,
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
      why: 'qplug pressed its ACPI power button; the guest may ignore it',
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'shutdown-ignored': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `can't ask the guest of ${printable(vm)} to power off`,
      why: `its guest is ${printable(state)}`,
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'process-not-ended': {
    kind: 'timeout',
    text: ({ pid, waited }: { pid: number; waited: number }): Text => ({
      what: `process ${pid} does not end`,
      why: `${waited} ms after SIGKILL it still exists: it waits in the kernel for a disk or a USB device`,
    }),
  },
  'process-not-ours': {
    kind: 'failed',
    text: ({ pid }: { pid: number }): Text => ({
      what: `can't end process ${pid}`,
      why: 'it belongs to another user',
      fix: sh`sudo kill ${pid}`,
    }),
  },
  'not-suspendable': {
    kind: 'failed',
    text: ({ vm, state }: { vm: string; state: string }): Text => ({
      what: `can't suspend ${printable(vm)}`,
      why: `its guest is ${printable(state)}, neither running nor paused`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  /** `mandatory`: the guest stays paused until the device is plugged in. */
  'missing-at-resume': {
    kind: 'not-found',
    text: ({ label, vm, port, mandatory }: { label: string; vm: string; port: string; mandatory: boolean }): Text => ({
      what: `${printable(label)} is no longer plugged in`,
      where: `host port ${printable(port)}`,
      why: mandatory
        ? `${printable(vm)} requires it (when-missing: fail)`
        : `${printable(vm)} had it when it was suspended`,
      fix: mandatory ? sh`qplug resume ${vm} --wait 60` : sh`qplug attach ${vm} ${port} --wait 60`,
    }),
  },
  suspended: {
    kind: 'failed',
    text: ({ vm, devices, since }: { vm: string; devices: readonly string[]; since: string }): Text => ({
      what: `${printable(vm)} has been suspended since ${printable(since)}`,
      why: devices.length === 0 ? undefined : `the host has ${list(devices)} in the meantime`,
      fix: sh`qplug resume ${vm}`,
    }),
  },
} as const;
