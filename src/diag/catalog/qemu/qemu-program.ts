import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { type UntrustedEvidence, whyUntrusted } from '../untrusted-path.js';
import { quote } from '../words.js';

export const qemuProgram = {
  'qemu-missing': {
    kind: 'failed',
    text: (evidence: { binary: string; path: string; package: string | undefined }): Text => ({
      what: `there is no program ${quote(evidence.binary)}`,
      why: evidence.path === '' ? undefined : `looked in ${printable(evidence.path, 300)}`,
      fix: evidence.package === undefined ? undefined : sh`apt-get install ${evidence.package}`,
    }),
  },
  'qemu-not-executable': {
    kind: 'failed',
    text: ({ binary, reason }: { binary: string; reason: string }): Text => ({
      what: `can't run ${quote(binary)}`,
      why: printable(reason),
      fix: sh`chmod +x ${path(binary)}`,
    }),
  },
  'qemu-untrusted': {
    kind: 'failed',
    text: (evidence: UntrustedEvidence & { binary: string }): Text => ({
      what: `root does not start ${quote(evidence.binary)} from PATH`,
      why: whyUntrusted(evidence),
      fix: advice(`write \`qemu: { binary: ${printable(evidence.binary, 160)} }\` if you trust it`),
    }),
  },
  'qemu-not-qemu': {
    kind: 'failed',
    text: ({ binary, output }: { binary: string; output: string }): Text => ({
      what: `${quote(binary)} is not QEMU`,
      why: output === '' ? 'it prints no version' : `it prints ${quote(output)}`,
    }),
  },
  'qemu-too-old': {
    kind: 'failed',
    text: ({ binary, version, least }: { binary: string; version: string; least: string }): Text => ({
      what: `${quote(binary)} is too old`,
      why: `it is version ${printable(version)}, and qplug needs ${printable(least)}`,
    }),
  },
  'qemu-silent': {
    kind: 'timeout',
    text: ({ binary, timeout }: { binary: string; timeout: number }): Text => ({
      what: `${quote(binary)} does not answer`,
      why: `waited ${timeout} ms for its version`,
    }),
  },
  'qemu-no-usb-host': {
    kind: 'failed',
    text: (evidence: { binary: string; package: string }): Text => ({
      what: `${quote(evidence.binary)} can't pass USB devices through`,
      why: 'its device `usb-host` is missing; Fedora has it in qemu-device-usb-host, Arch, Alpine and SUSE in qemu-hw-usb-host',
      fix: sh`apt-get install ${evidence.package}`,
    }),
  },
  'qemu-no-model': {
    kind: 'failed',
    text: ({ binary, model, nearest }: { binary: string; model: string; nearest: string | undefined }): Text => ({
      what: `${quote(binary)} has no ${quote(model)}`,
      why: 'its build does not include that device',
      fix:
        nearest === undefined
          ? undefined
          : advice(`write \`model: ${printable(nearest)}\`, the nearest one that it has`),
    }),
  },
  'qemu-no-machine': {
    kind: 'usage',
    text: ({ binary, machine, nearest }: { binary: string; machine: string; nearest: string | undefined }): Text => ({
      what: `${quote(binary)} has no machine ${quote(machine)}`,
      fix: nearest === undefined ? sh`${binary} -machine help` : advice(`write \`machine: ${printable(nearest)}\``),
    }),
  },
  'qemu-no-sandbox': {
    kind: 'failed',
    text: ({ binary }: { binary: string }): Text => ({
      what: `${quote(binary)} has no sandbox`,
      why: 'it was built without libseccomp',
      fix: advice('write `sandbox: false`, or use a QEMU that has one'),
    }),
  },
  'qemu-not-started': {
    kind: 'failed',
    text: ({ binary, reason }: { binary: string; reason: string }): Text => ({
      what: `${quote(binary)} did not start`,
      why: printable(reason),
    }),
  },
} as const;
