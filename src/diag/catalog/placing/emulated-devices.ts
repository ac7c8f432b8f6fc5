import type { Text } from '../../finding.js';
import { type Advice, advice } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

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
      what: `can't plug ${printable(model)} by its name alone`,
      why: `it needs a ${printable(needs)}`,
      fix: advice(`Write in the VM file: - { emulated: ${printable(model)}, … }`),
    }),
  },
  /** A device that does nothing by itself; `attaches`: what has to be attached to it by hand. */
  'emulated-by-hand': {
    kind: 'usage',
    text: ({ model, attaches }: { model: string; attaches: string }): Text =>
      attaches === 'peer'
        ? {
            what: `qplug can't plug ${quote(model)}`,
            why: 'the program at the other end of its chardev decides what is plugged in and when',
            fix: advice(
              'for a device of this host write `- { select: VENDOR:PRODUCT }`; otherwise add the chardev and the device over a QMP socket of your own',
            ),
          }
        : {
            what: `qplug can't plug ${quote(model)}`,
            why: 'it stays empty until something adds disks to its bus and sets its `attached`',
            fix: advice('write `- { emulated: usb-storage, drive: { file: IMAGE } }`'),
          },
  },
  'property-reserved': {
    kind: 'usage',
    text: ({ property, instead }: { property: string; instead: string | undefined }): Text => ({
      what: `qplug sets the property ${quote(property)} itself`,
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
