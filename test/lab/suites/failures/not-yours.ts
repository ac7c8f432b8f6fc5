import assert from 'node:assert/strict';
import { chmodSync, cpSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabDevice } from '../../inside/devices.js';
import type { Lab } from '../../inside/lab.js';
import type { AddCheck } from '../../inside/suite.js';
import { remember } from '../parts/as-before.js';
import { qplug } from '../parts/qplug.js';

const nobody = 65534;

function nodeOf({ bus, address }: LabDevice): string {
  const three = (value: number): string => String(value).padStart(3, '0');
  return `/dev/bus/usb/${three(bus)}/${three(address)}`;
}

/** Lets everyone open a path until the check is over. */
function open(lab: Lab, path: string): void {
  const { mode } = statSync(path);
  lab.defer(() => chmodSync(path, mode));
  chmodSync(path, 0o777);
}

/** Rights that qplug or QEMU lacks. */
export function notYours(check: AddCheck): void {
  check.soak('a node that this user may not open: exit 1 before anything is asked of QEMU', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    // the project may stand where nobody else may look
    const [node = '', main = '', ...words] = lab.qplugArgv(['attach', vm.socket, 'serial=SS0001']);
    cpSync(dirname(dirname(main)), join(lab.folder, 'dist'), { recursive: true });
    const copied = [node, join(lab.folder, 'dist/cli/main.js'), ...words];
    const asBefore = await remember(vm);
    for (const path of [lab.folder, vm.socket]) open(lab, path);
    const { code, stdout, stderr } = await lab.exec(copied, {
      uid: nobody,
      env: { XDG_RUNTIME_DIR: lab.folder },
    });
    const usb = nodeOf(lab.device('SS0001'));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^error: 46f4:0001 .* can not be opened: this user may not read and write its device node$/m);
    assert.match(stderr, new RegExp(`at {3}${usb}$`, 'm'));
    assert.match(stderr, new RegExp(`fix {2}sudo setfacl -m u:\\$USER:rw ${usb}$`, 'm'));
    await asBefore();
  });

  check.soak('a node that QEMU may not open: exit 1, and the device before it is given back', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci', '-runas', 'nobody']);
    const asBefore = await remember(vm);
    open(lab, nodeOf(lab.device('SS0001')));
    const { code, out, err } = await qplug(['attach', vm.socket, 'serial=HS0001', 'serial=SS0001', '--verbose']);
    const node = nodeOf(lab.device('HS0001'));
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^error: QEMU could not open 46f4:0001 .* the user that QEMU runs as may lack the right/m);
    assert.match(err, new RegExp(`at {3}${node}$`, 'm'));
    assert.match(err, new RegExp(`fix {2}fuser -v ${node}; ls -l ${node}$`, 'm'));
    assert.match(err, /^· plug 46f4:0001 .*\n· plug 46f4:0001 .*\n· undo: plug 46f4:0001 /m);
    await asBefore();
    assert.equal((await qplug(['attach', vm.socket, 'serial=SS0001'])).code, 0);
    await vm.quit();
  });
}
