import { expect, test } from 'vitest';
import { wordsOf } from '../../../../src/vm/steps/outgoing-migration.js';

const ram = { total: 512e6, transferred: 190e6, remaining: 256e6, mbps: 948.7 };

test.each([
  [{ status: 'setup' }, 'wait for the other side'],
  [{ status: 'active', ram }, '50 % of 512 MB of memory, 190 MB sent, 949 Mb/s'],
  [{ status: 'active', ram: { ...ram, total: 0, remaining: 0 } }, '0 % of 0 MB of memory, 190 MB sent, 949 Mb/s'],
  [{ status: 'device', ram }, 'the guest is paused; the other side takes over (190 MB sent)'],
  [{ status: 'cancelling', ram }, 'cancel the migration'],
  [{ status: 'wait-unplug' }, 'migration status: wait-unplug'],
  [{}, 'migration status: '],
])('%j is reported as %j', (info, words) => expect(wordsOf(info)).toBe(words));
