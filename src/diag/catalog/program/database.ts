import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

interface StoreTrouble {
  /** What the database holds: `claims`. */
  readonly name: string;
  readonly path: string;
}

interface Unusable extends StoreTrouble {
  readonly reason: string;
}

const where = ({ path }: StoreTrouble): string => printable(path, 300);

export const database = {
  'store-locked': {
    kind: 'timeout',
    text: (e: StoreTrouble & { timeout: number }): Text => ({
      what: `the database of ${e.name} is locked`,
      where: where(e),
      why: `another process has held it for more than ${e.timeout / 1000} s`,
      fix: sh`fuser -v ${path(e.path)}`,
    }),
  },
  'store-full': {
    kind: 'failed',
    text: (e: Unusable): Text => ({
      what: `no space left for the database of ${e.name}`,
      where: where(e),
      why: `${printable(e.reason)}; nothing was changed`,
      fix: sh`df -h ${path(e.path)}`,
    }),
  },
  'store-unwritable': {
    kind: 'failed',
    text: (e: Unusable): Text => ({
      what: `can't write to the database of ${e.name}`,
      where: where(e),
      why: `${printable(e.reason)}; nothing was changed`,
      fix: sh`ls -la ${path(e.path)}`,
    }),
  },
  'store-broken': {
    kind: 'failed',
    text: (e: Unusable): Text => ({
      what: `the database of ${e.name} is damaged`,
      where: where(e),
      why: `${printable(e.reason)}; nothing was changed`,
      fix: sh`mv ${path(e.path)} ${path(`${e.path}.broken`)}`,
    }),
  },
  'store-newer': {
    kind: 'failed',
    text: (e: StoreTrouble & { version: number; known: number }): Text => ({
      what: `a newer qplug wrote the database of ${e.name}`,
      where: where(e),
      why: `it has version ${e.version}, and this qplug knows versions up to ${e.known}; nothing was changed`,
      fix: sh`npm install -g qplug@latest`,
    }),
  },
  'store-no-driver': {
    kind: 'failed',
    text: (e: { platform: string; reason: string }): Text => ({
      what: 'the database library is missing',
      where: `libsql for ${printable(e.platform)}`,
      why: printable(e.reason, 300),
      fix: [
        sh`npm install -g qplug`,
        advice('without --omit=optional: each platform has its own package of the library'),
        advice('or run qplug with Node 22.13 or later, which has a database of its own'),
      ],
    }),
  },
} as const;
