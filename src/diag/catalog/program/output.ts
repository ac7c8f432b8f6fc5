import type { NoEvidence, Text } from '../../finding.js';
import { options, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

interface PictureUnwritable {
  path: string;
  problem: 'folder' | 'not-a-file' | 'dangling-link' | 'no-folder' | 'others' | 'system';
  /** For `system`: the system's message; for `others`: how other users can change the file. */
  reason: string;
}

type PictureProblem = PictureUnwritable['problem'];

const PICTURE_PROBLEMS: Readonly<Record<PictureProblem, (path: string, reason: string) => Pick<Text, 'why' | 'fix'>>> =
  {
    folder: (file) => ({
      why: 'it is a folder',
      fix: options`--svg ${`${file.replace(/\/+$/, '')}/picture.svg`}`,
    }),
    'not-a-file': () => ({
      why: 'it is a device, a pipe or a socket, and the picture would replace it',
      fix: options`--svg -`,
    }),
    'dangling-link': (file) => ({
      why: 'it is a dangling link',
      fix: sh`rm ${path(file)}`,
    }),
    'no-folder': (file) => ({
      why: 'its folder does not exist',
      fix: file.includes('/') ? sh`mkdir -p ${path(file.replace(/\/[^/]*$/, ''))}` : undefined,
    }),
    others: (_path, reason) => ({ why: reason, fix: options`--svg ./picture.svg` }),
    system: (_path, reason) => ({ why: reason }),
  };

export const output = {
  'document-too-deep': {
    kind: 'failed',
    text: (_: NoEvidence): Text => ({
      what: "can't print the result",
      why: 'it is nested too deeply, or too long for one text',
    }),
  },
  'picture-unwritable': {
    kind: 'failed',
    text: ({ path, problem, reason }: PictureUnwritable): Text => ({
      what: `can't write the picture to ${quote(path)}`,
      ...PICTURE_PROBLEMS[problem](path, printable(reason)),
    }),
  },
} as const;

function quote(word: string): string {
  return `"${printable(word, 80)}"`;
}
