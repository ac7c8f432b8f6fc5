import type { Text } from '../finding.js';
import { type Advice, advice } from '../fix.js';
import { printable } from '../printable.js';
import { quote } from './words.js';

const fixWord = (word: string | undefined, write: (word: string) => string): Advice | undefined =>
  word === undefined ? undefined : advice(`write \`${write(word)}\``);

export const emulatedDevices = {
  'emulated-unknown': {
    kind: 'usage',
    text: ({ model, nearest }: { model: string; nearest: string | undefined }): Text => ({
      what: `there is no emulated USB device "${printable(model)}"`,
      why: nearest === undefined ? undefined : `did you mean ${printable(nearest)}?`,
    }),
  },
  'emulated-needs-backend': {
    kind: 'usage',
    text: ({ model, needs }: { model: string; needs: string }): Text => ({
      what: `${printable(model)} can't be plugged by its name alone`,
      why: `it needs a ${printable(needs)}`,
      fix: advice(`Name it in the VM file: - { emulated: ${printable(model)}, … }`),
    }),
  },
  /** A device that does nothing until more is done by hand; `attaches` says what. */
  'emulated-by-hand': {
    kind: 'usage',
    text: ({ model, attaches }: { model: string; attaches: string }): Text =>
      attaches === 'peer'
        ? {
            what: `${quote(model)} is not qplug's to plug`,
            why: 'a program at the other end of its chardev decides what is plugged in, and when',
            fix: advice(
              'for a device of this host write `- { select: VENDOR:PRODUCT }`; else add the chardev and the device over your own QMP socket',
            ),
          }
        : {
            what: `${quote(model)} is not qplug's to plug`,
            why: 'it stays empty until disks are added on its own bus and its `attached` is set',
            fix: advice('write `- { emulated: usb-storage, drive: { file: IMAGE } }`'),
          },
  },
  'property-reserved': {
    kind: 'usage',
    text: ({ property, instead }: { property: string; instead: string | undefined }): Text => ({
      what: `property ${quote(property)} is set by qplug`,
      fix: fixWord(instead, (word) => `${word}: …\` beside \`emulated`),
    }),
  },
  'drive-not-taken': {
    kind: 'usage',
    text: ({ model }: { model: string }): Text => ({
      what: `${quote(model)} takes no drive`,
      fix: advice('remove `drive`'),
    }),
  },
  'drive-needed': {
    kind: 'usage',
    text: ({ model }: { model: string }): Text => ({
      what: `${quote(model)} needs a drive`,
      fix: advice('add `drive: { file: IMAGE }`'),
    }),
  },
} as const;
