import { expect, test } from 'vitest';
import { wordsOf } from '../../../../src/vm/steps/outgoing-migration.js';

const ram = { total: 512e6, transferred: 190e6, remaining: 256e6, mbps: 948.7 };

test.each([
  [{ status: 'setup' }, 'wait for the other side'],
  [{ status: 'active', ram }, '50 % of 512 MB of memory, 190 MB sent, 949 Mb/s'],
  [{ status: 'active', ram: { ...ram, total: 0, remaining: 0 } }, '0 % of 0 MB of memory, 190 MB sent, 949 Mb/s'],
  [{ status: 'device', ram }, 'the guest stands still, the other side takes it over (190 MB sent)'],
  [{ status: 'cancelling', ram }, 'give the migration up'],
  [{ status: 'wait-unplug' }, 'the migration is at: wait-unplug'],
  [{}, 'the migration is at: '],
])('%j is told as %j', (info, words) => expect(wordsOf(info)).toBe(words));
