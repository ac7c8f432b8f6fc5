import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isBelieved, keyOf } from '../../../../src/access/claims.js';
import type { HostAccess } from '../../../../src/access/index.js';
import { identifyProcess, selfIdentity } from '../../../../src/base/index.js';
import {
  kernelNodeRights,
  type NodeGrant,
  type NodeRights,
  readInventory,
  recordedSysfs,
  whileGranted,
} from '../../../../src/host/index.js';
import { type DeviceSpec, usbHost } from '../../../../src/qdev/index.js';
import type { Claim, ClaimOwner } from '../../../../src/registry/index.js';
import type { ChangeStep } from '../../../../src/vm/steps/step.js';
import { takeBackGrants, withGrants } from '../../../../src/vm/transaction/grants.js';
import { recording } from '../../host/recordings.js';
import { claimOf } from '../../registry/claim-samples.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

/** Nodes that write down what is done with them. */
class Nodes implements NodeRights {
  readonly log: string[] = [];
  /** What goes wrong. */
  refuse: 'give' | 'takeBack' | undefined;
  grantFor(node: string, uid: number): NodeGrant | undefined {
    return node.endsWith('/009') ? undefined : { node, uid, was: { uid: 0, gid: 0, mode: 0o664 } };
  }
  give({ node, uid }: NodeGrant): void {
    if (this.refuse === 'give') throw new Error('EROFS: read-only file system');
    this.log.push(`give ${node} to ${uid}`);
  }
  takeBack({ node }: NodeGrant): void {
    this.log.push(`take back ${node}`);
  }
}

let nodes: Nodes;
let qemu: ChildProcess;
/** What the VM has claimed. */
let claims: Claim[];
const sysfs = recordedSysfs(recording('six-devices'));
const hostWith = (one: NodeRights | undefined): HostAccess =>
  ({ nodes: one, sysfs, claims: { list: () => claims } }) as unknown as HostAccess;

beforeEach(async () => {
  nodes = new Nodes();
  claims = [];
  qemu = spawn('/bin/sleep', ['60'], isRoot ? { uid: NOBODY, gid: NOBODY } : {});
  await once(qemu, 'spawn');
});
afterEach(() => void qemu.kill('SIGKILL'));

const device = (hostaddr: number): DeviceSpec => usbHost({ id: 'd', bus: 'x.0', port: '1', hostbus: 1, hostaddr });
const add = (hostaddr: number): ChangeStep => ({ do: 'add', device: device(hostaddr), label: 'd' });
/** Of the device at a port of the recording. */
const remove = (hostaddr: number, hostPort: string): ChangeStep => ({
  do: 'remove',
  target: 'd',
  hostPort,
  qomPath: '/machine/peripheral/d',
  label: 'd',
  restore: device(hostaddr),
});
const owner = (pid: number | undefined) => ({ vm: 'v', socket: '/s', process: identifyProcess(pid ?? 0) });
/** A claim of a VM on the device at a port of the recording. */
function claim(port: string, of: ClaimOwner): Claim {
  const inventory = readInventory(sysfs);
  const there = inventory.devices.find((one) => one.port === port);
  if (there === undefined) throw new Error(`no ${port}`);
  return claimOf('v', { key: keyOf(there, inventory), owner: of, state: 'attached' });
}
const granted = (steps: readonly ChangeStep[]): (string | undefined)[] =>
  steps.map((step) => ('grant' in step ? step.grant?.node : undefined));

describe('what the user of a QEMU is given', () => {
  test('each node that a step opens, or opens when it is undone, and that the user lacks', () => {
    const steps: ChangeStep[] = [
      { do: 'add', device: { driver: 'usb-hub', id: 'h', properties: { bus: 'x.0', port: '1' } }, label: 'h' },
      add(5),
      add(9),
      remove(2, '1-2'),
      { do: 'pause', label: 'p' },
    ];
    claims = [claim('1-2', owner(qemu.pid))];
    const made = withGrants(steps, owner(qemu.pid), hostWith(nodes));
    const uid = isRoot ? NOBODY : process.getuid?.();
    expect(granted(made)).toEqual([undefined, '/dev/bus/usb/001/005', undefined, '/dev/bus/usb/001/002', undefined]);
    expect(made[1]).toMatchObject({ grant: { uid, was: { uid: 0, mode: 0o664 } } });
    expect(nodes.log).toEqual([]);
  });

  test('no node of a device that QEMU only says it had: another VM has it, or none', () => {
    const lie = remove(2, '1-2');
    expect(granted(withGrants([lie], owner(qemu.pid), hostWith(nodes)))).toEqual([undefined]);
    claims = [claim('1-2', owner(process.pid))];
    expect(granted(withGrants([lie], owner(qemu.pid), hostWith(nodes)))).toEqual([undefined]);
    claims = [claim('1-4', owner(qemu.pid))];
    expect(granted(withGrants([lie], owner(qemu.pid), hostWith(nodes)))).toEqual([undefined]);
  });

  test('a QEMU with less rights than ours, or that root can not tell, is believed to have what it has the claim on; any other is believed', () => {
    const { key } = claim('1-2', owner(qemu.pid));
    expect(isBelieved(key, owner(process.pid), hostWith(nodes))).toBe(true);
    expect(isBelieved(key, owner(undefined), hostWith(nodes))).toBe(!isRoot);
    expect(isBelieved(key, owner(qemu.pid), hostWith(nodes))).toBe(!isRoot);
    claims = [claim('1-4', owner(qemu.pid)), claim('1-2', owner(qemu.pid))];
    expect(isBelieved(key, owner(qemu.pid), hostWith(nodes))).toBe(true);
  });

  test('nothing: QEMU is root, qplug is not, or nobody knows the process', () => {
    const none = [undefined];
    if (isRoot) expect(granted(withGrants([add(5)], owner(process.pid), hostWith(nodes)))).toEqual(none);
    expect(granted(withGrants([add(5)], owner(qemu.pid), hostWith(undefined)))).toEqual(none);
    expect(granted(withGrants([add(5)], owner(undefined), hostWith(nodes)))).toEqual(none);
  });

  test('it has the node while it opens it, and no longer, whatever comes of that', async () => {
    const [step] = withGrants([add(5)], owner(qemu.pid), hostWith(nodes));
    const grant = step?.do === 'add' ? step.grant : undefined;
    await expect(
      whileGranted(grant, nodes, async () => {
        nodes.log.push('open');
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    expect(nodes.log.map((line) => line.replace(/ to \d+/, ''))).toEqual([
      'give /dev/bus/usb/001/005',
      'open',
      'take back /dev/bus/usb/001/005',
    ]);
  });

  test('a node that can not be given: told with the way around, and nothing is opened', async () => {
    nodes.refuse = 'give';
    const grant = nodes.grantFor('/dev/bus/usb/001/005', 7);
    const opened = whileGranted(grant, nodes, async () => nodes.log.push('open'));
    await expect(opened).rejects.toMatchObject({
      code: 'node-not-granted',
      message: expect.stringContaining('user 7'),
    });
    expect(nodes.log).toEqual(['take back /dev/bus/usb/001/005']);
  });

  test('what a journal says of steps that were cut off is taken back, done or not', () => {
    claims = [claim('1-2', owner(qemu.pid))];
    const steps = withGrants([add(5), remove(2, '1-2'), add(9)], owner(qemu.pid), hostWith(nodes));
    const head = { format: 1, kind: 'attach', vm: 'bench', socket: '/s', steps, recover: 'undo' };
    const grants = [{ node: '/dev/bus/usb/001/007', uid: 7, was: { uid: 0, gid: 0, mode: 0o600 } }];
    takeBackGrants(JSON.parse(JSON.stringify({ head, grants })), hostWith(nodes));
    expect(nodes.log).toEqual(['005', '002', '007'].map((node) => `take back /dev/bus/usb/001/${node}`));
  });

  test('only what is the node of a USB device is ever touched', () => {
    const real = kernelNodeRights();
    for (const node of ['/etc/passwd', '/dev/null', '/dev/bus/usb/../../null', '/dev/bus/usb/001/../../../null'])
      expect(real.grantFor(node, 7, selfIdentity())).toBeUndefined();
    expect(real.grantFor('/dev/bus/usb/999/999', 7, selfIdentity())).toBeUndefined();
  });
});
