import fc from 'fast-check';
import pico from 'picocolors';
import { expect, test } from 'vitest';
import { renderDevices } from '../../src/cli/render/devices.js';
import { type Finding, QplugError, describe as words } from '../../src/diag/index.js';
import {
  formatIdentity,
  identityOf,
  type RecordedEntry,
  type Recording,
  readInventory,
  recordedSysfs,
  selectOne,
} from '../../src/host/index.js';
import { UNSAFE } from '../unit/diag/unsafe.js';
import { NO_IDS, recording } from '../unit/host/recordings.js';
import { runs } from '../unit/runs.js';

const REAL = [recording('six-devices'), recording('hub-twins-gadgets')];

const noise: fc.Arbitrary<RecordedEntry | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => ({ text })),
  fc.constantFrom('-1', '0', '99999999999', 'x', '480\n', '1-2', '', '\u001b[2J\u202e').map((text) => ({ text })),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ base64: Buffer.from(bytes).toString('base64') })),
  fc.constantFrom('../..', '/', '.', '../../../etc/passwd', '1-2', '\u001b[2J').map((link) => ({ link })),
);

const tree: fc.Arbitrary<Recording> = fc
  .tuple(fc.constantFrom(...REAL), fc.array(fc.tuple(fc.nat(), noise), { maxLength: 12 }))
  .map(([real, changes]) => {
    const sys = { ...real.sys } as Record<string, RecordedEntry>;
    const paths = Object.keys(sys);
    for (const [at, entry] of changes) {
      const path = paths[at % paths.length] ?? '';
      if (entry === undefined) delete sys[path];
      else sys[path] = entry;
    }
    return { ...real, sys };
  });

const plain = { outColors: pico.createColors(false), columns: undefined };

/** What an error or a finding tells a person. */
function shown(findings: readonly Finding[]): string[] {
  return findings.flatMap((one) => Object.values(words(one)).map((line) => line ?? ''));
}

function refusal(work: () => unknown): readonly Finding[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof QplugError) return error.findings;
    throw error;
  }
}

test('whatever stands in sysfs, the host is read or refused, and nothing of it reaches a terminal raw', {
  timeout: 900_000,
}, () => {
  fc.assert(
    fc.property(tree, (host) => {
      const lines: string[] = [];
      const findings = refusal(() => {
        const inventory = readInventory(recordedSysfs(host), { ids: NO_IDS });
        for (const device of inventory.devices) {
          lines.push(...shown(device.findings), formatIdentity(identityOf(device)));
          lines.push(...shown(refusal(() => selectOne(device.port, inventory))));
        }
        lines.push(...renderDevices(inventory.devices, inventory, plain).split('\n'));
        lines.push(...shown(refusal(() => selectOne('dead:beef', inventory))));
      });
      expect([...lines, ...shown(findings)].filter((line) => UNSAFE.test(line))).toEqual([]);
    }),
    { numRuns: runs(250) },
  );
});
