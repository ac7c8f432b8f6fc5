import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readme, sessions, withoutComment } from '../../../documents/documents.js';
import type { AddCheck } from '../../inside/suite.js';
import { sitDown } from '../parts/typing.js';

/** The commands that a new user types. */
export function firstAttach(check: AddCheck): void {
  check(
    'the first attach: three lines, and a QEMU started as the README says',
    async (lab) => {
      const [first = []] = sessions(readme(lab.root));
      const type = await sitDown(lab);
      const option = /`(-qmp unix:[^`]+)`/.exec(readme(lab.root))?.[1];
      assert.ok(option, 'the README tells how QEMU is started');
      const cwd = join(lab.folder, 'here');
      const qemu = await lab.start(
        ['qemu-system-x86_64', '-display', 'none', '-S', '-device', 'qemu-xhci', ...option.split(' ')],
        { cwd },
      );
      await lab.until('the socket', () => readdirSync(cwd).includes('qmp.sock'));
      const [install, ...rest] = first.map(withoutComment);
      assert.equal(install, 'npm install --global qplug');
      assert.deepEqual(rest, ['qplug devices', 'qplug attach ./qmp.sock 0781:5567']);
      const [devices, attach] = [await type(rest[0] ?? ''), await type(rest[1] ?? '')];
      assert.deepEqual([devices.code, attach.code], [0, 0]);
      // it may tell how it goes on, where it takes long
      assert.doesNotMatch(devices.err + attach.err, /error|warning/);
      assert.match(attach.out, /^0781:5567 "[^"]*Cruzer Blade" at \S+ attached: \S+ port \d+, 5G, id qplug-0781-5567-/);
      qemu.kill('SIGTERM');
      await qemu.finished;
    },
    { timeout: 150_000 },
  );
}
