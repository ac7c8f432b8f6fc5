import assert from 'node:assert/strict';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import type { AddCheck } from '../../inside/suite.js';
import { remember } from '../parts/as-before.js';
import { qplug, vmFile } from '../parts/qplug.js';

/** Whether a client is at the first monitor, which is the one for qplug. */
async function isHeld(vm: NestedQemu): Promise<boolean> {
  const chardevs = (await vm.qmp.execute('query-chardev')) as { filename: string }[];
  return chardevs.some(({ filename }) => filename.includes(vm.socket) && !filename.startsWith('disconnected'));
}

/** Ctrl-C. */
export function interrupted(check: AddCheck): void {
  check('Ctrl-C while an attach waits for a device: exit 130, and the monitor is free', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const attach = await lab.start(lab.qplugArgv(['attach', vm.socket, 'serial=LATE', '--wait', '600']));
    await lab.until('qplug is at the monitor', () => isHeld(vm));
    attach.kill('SIGINT');
    const { code, stdout, stderr, ms } = await attach.finished;
    assert.deepEqual([code, stdout], [130, '']);
    assert.match(stderr, /^interrupted: unfinished changes were rolled back$/m);
    assert.ok(ms < 600_000);
    assert.equal(await isHeld(vm), false);
    await asBefore();
  });

  check.soak('Ctrl-C between two devices of an attach: exit 130, and the first is given back', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const asBefore = await remember(vm);
    const interruption = new AbortController();
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=HS0001', 'serial=SS0001', '--verbose'], {
      signal: interruption.signal,
      onErr: (text) => {
        if (/^· plug .* at 3-/.test(text)) interruption.abort(new Error('interrupted by SIGINT'));
      },
    });
    assert.deepEqual([code, out], [130, '']);
    assert.match(err, /^· undo: plug 46f4:0001 [\s\S]*^interrupted: unfinished changes were rolled back$/m);
    await asBefore();
  });

  check.soak(
    'Ctrl-C at a VM in the foreground: each step of its end is told, exit 130, and the host has its devices back',
    async (lab) => {
      const asBefore = await remember();
      const file = vmFile(lab, 'usb: { devices: [serial=SS0001, serial=HS0001] }');
      const run = await lab.start(lab.qplugArgv(['run', file]));
      await lab.until('it runs', () => run.stderr().includes('Ctrl-C shuts it down'));
      assert.deepEqual([...lab.device('SS0001').drivers.values()], [undefined]);
      run.kill('SIGINT');
      const { code, stdout, stderr } = await run.finished;
      assert.deepEqual([code, stdout], [130, '']);
      const told = stderr.split('\n').filter((line) => /guest|quit|SIG|undone/.test(line));
      assert.deepEqual(told, [
        '· resume the guest',
        '· ask the guest to power off',
        '· the guest did not power off',
        '· quit',
        'interrupted: unfinished changes were rolled back',
      ]);
      await lab.exec(['rm', file]);
      await asBefore();
    },
    { timeout: 150_000 },
  );
}
