import assert from 'node:assert/strict';
import { chmodSync, chownSync, statSync } from 'node:fs';
import type { Lab } from '../../inside/lab.js';
import type { AddCheck } from '../../inside/suite.js';
import { remember } from '../parts/as-before.js';
import { otherUser } from '../parts/other-user.js';
import { qplug } from '../parts/qplug.js';
import { nodeOf } from '../parts/usb-node.js';

const nobody = 65534;

/** Lets every user open a path until the check ends. */
function open(lab: Lab, path: string): void {
  const { mode } = statSync(path);
  lab.defer(() => chmodSync(path, mode));
  chmodSync(path, 0o777);
}

/** Rights that qplug or QEMU lacks. */
export function notYours(check: AddCheck): void {
  check.soak('a node that this user may not open: exit 1 before anything is asked of QEMU', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    const user = otherUser(lab, nobody);
    const asBefore = await remember(vm);
    open(lab, vm.socket);
    const { code, stdout, stderr } = await user.qplug('attach', vm.socket, 'serial=SS0001');
    const usb = nodeOf(lab.device('SS0001'));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^error: can't open 46f4:0001 .*: you may not read and write its device node$/m);
    assert.match(stderr, new RegExp(`at {3}${usb}$`, 'm'));
    assert.match(stderr, new RegExp(`fix {2}sudo setfacl -m u:\\$USER:rw ${usb}$`, 'm'));
    await asBefore();
  });

  check.soak(
    'a node that QEMU may not open, and nobody can give it: exit 1, and the device before it is given back',
    async (lab) => {
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci', '-runas', 'nobody']);
      const user = otherUser(lab, 1000);
      const asBefore = await remember(vm);
      const [own, node] = [nodeOf(lab.device('SS0001')), nodeOf(lab.device('HS0001'))];
      for (const path of [own, vm.socket]) open(lab, path);
      const { uid, gid } = statSync(node);
      lab.defer(() => chownSync(node, uid, gid));
      chownSync(node, user.uid, gid);
      const { code, stdout, stderr } = await user.qplug(
        'attach',
        vm.socket,
        'serial=HS0001',
        'serial=SS0001',
        '--verbose',
      );
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^error: QEMU could not open 46f4:0001 .* the user that QEMU runs as may lack permission/m);
      assert.match(stderr, new RegExp(`at {3}${node}$`, 'm'));
      assert.match(stderr, new RegExp(`fix {2}fuser -v ${node}\\n {7}ls -l ${node}$`, 'm'));
      assert.match(stderr, /^· plug 46f4:0001 .*\n· plug 46f4:0001 .*\n· undo: plug 46f4:0001 /m);
      await asBefore();
      await vm.quit();
    },
  );

  check.soak('a node that QEMU may not open, and root gives it for as long as it takes', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci', '-runas', 'nobody']);
    const node = nodeOf(lab.device('HS0001'));
    const { uid, mode } = statSync(node);
    assert.equal((await qplug(['attach', vm.socket, 'serial=HS0001'])).code, 0);
    assert.deepEqual([statSync(node).uid, statSync(node).mode], [uid, mode]);
    await vm.quit();
  });
}
