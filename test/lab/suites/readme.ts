import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocks, readme, sessions, withoutComment } from '../../documents/documents.js';
import { USAGE } from '../../documents/readme-usage.js';
import { writeEmptyImage } from '../../qemu/harness/empty-image.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import type { MachineSpec } from '../shared.js';
import { remember } from './parts/as-before.js';
import { qplug } from './parts/qplug.js';
import { sitDown } from './parts/typing.js';

/**
 * The devices that the README names: `1-2.3` is behind a hub, `08e6:4433` is a card reader. `0781:5567` is a gadget.
 * test/fixtures/sysfs/readme.json is a recording of this host.
 */
const machine: MachineSpec = {
  kvm: true,
  disks: [],
  devices: [
    { driver: 'qemu-xhci', id: 'x0', p2: 8, p3: 8 },
    { driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '2' },
    { driver: 'usb-mouse', id: 'mouse', bus: 'x0.0', port: '2.3' },
    { driver: 'usb-ccid', id: 'ccid', bus: 'x0.0', port: '4' },
  ],
};

/** The command lines of all processes. */
function processes(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'latin1')] : [];
    } catch {
      return [];
    }
  });
}

// test/oracle/readme.test.ts always types the same, on that recording
const suite: Suite = defineSuite({ title: 'readme', source: import.meta.url, machine }, (check) => {
  check.soak(
    'every line of "What you do with it", in order, with the VM file that the README shows',
    async (lab) => {
      const [, lines = []] = sessions(readme(lab.root));
      assert.deepEqual(
        lines.map(withoutComment),
        USAGE.map(([command]) => command),
      );
      const type = await sitDown(lab);
      lab.defer(() => qplug(['kill', 'bench']));
      const [file = ''] = blocks(readme(lab.root), 'yaml');
      writeFileSync(join(lab.folder, 'here/bench.yaml'), file);
      writeEmptyImage(join(lab.folder, 'here/disk.qcow2'), 'qcow2');
      const asBefore = await remember();
      for (const [index, line] of lines.entries()) {
        const [command, code, says] = USAGE[index] ?? ['', 0, /^$/];
        const done = await type(line);
        assert.equal(done.code, code, command);
        assert.match(done.out + done.err, says);
        assert.doesNotMatch(done.err, code === 0 ? /error|warning/ : /warning/);
      }
      // what `run --detach` left behind sees within a second that its VM has ended
      await lab.until('nobody waits for the end of the VM', () => !processes().some((line) => line.includes('mend')));
      await asBefore();
    },
    { timeout: 150_000 },
  );
});

export default suite;
