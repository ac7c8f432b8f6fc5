import assert from 'node:assert/strict';
import { chmodSync, chownSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rightsOf } from '../../../../src/base/index.js';
import type { Lab } from '../../inside/lab.js';
import type { AddCheck } from '../../inside/suite.js';
import { otherUser } from '../parts/other-user.js';
import { qplug, vmFile } from '../parts/qplug.js';
import { nodeOf } from '../parts/usb-node.js';

const NOBODY = 65534;

/** Owner, group and mode of each device's node. */
function nodes(lab: Lab): string[] {
  return lab.devices().map((device) => {
    const { uid, gid, mode } = statSync(nodeOf(device));
    return `${nodeOf(device)} ${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
  });
}

/** The device nodes that a process has open. */
function openNodes(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
  return [...new Set(targets.filter((target) => target.startsWith('/dev/bus/usb/')))].sort();
}

/** Tries whether a process with the rights of a QEMU can open a node for reading and writing. */
async function canOpen(lab: Lab, node: string): Promise<boolean> {
  const { code, stderr } = await lab.exec(['/bin/sh', '-c', ': <> "$1"', 'sh', node], { uid: NOBODY });
  assert.match(stderr, code === 0 ? /^$/ : /Permission denied/);
  return code === 0;
}

async function must(words: readonly string[]): Promise<string> {
  const { code, out, err } = await qplug(words);
  assert.equal(code, 0, err);
  return out;
}

async function start(lab: Lab, devices: string): Promise<number> {
  const file = vmFile(lab, `qemu: { user: nobody }\nusb: { devices: [${devices}] }`);
  const { pid } = JSON.parse(await must(['run', file, '--detach', '--json'])) as { pid: number };
  lab.defer(() => qplug(['kill', 'bench']));
  return pid;
}

/** Rights: the user that QEMU runs as, what it may open, and what an ordinary user can do. */
export function rights(check: AddCheck): void {
  check('a VM of another user has its own devices, and can open no node, not even theirs', async (lab) => {
    const before = nodes(lab);
    const pid = await start(lab, 'serial=SS0001');
    assert.deepEqual(rightsOf(pid), { uids: Array(4).fill(NOBODY), gids: Array(4).fill(NOBODY), groups: [] });
    await must(['attach', 'bench', 'serial=HS0001', '--live']);
    const own = ['SS0001', 'HS0001'].map((serial) => nodeOf(lab.device(serial)));
    assert.deepEqual(openNodes(pid), [...own].sort());
    for (const device of lab.devices()) assert.equal(await canOpen(lab, nodeOf(device)), false, nodeOf(device));
    assert.deepEqual(nodes(lab), before, 'it was given the nodes to open them, and no longer');
    await must(['kill', 'bench']);
    for (const serial of ['SS0001', 'HS0001']) {
      assert.deepEqual([...lab.device(serial).drivers.values()], ['usb-storage']);
    }
  });

  check.soak('a VM of another user has a device again that was pulled, or that the host had meanwhile', async (lab) => {
    const pid = await start(lab, 'serial=SS0001, serial=HS0001');
    const own = nodeOf(lab.device('HS0001'));
    // plugged in again it has a new node
    await lab.pull('hs');
    const back = await lab.plugBack('hs');
    assert.notEqual(nodeOf(back), own);
    await must(['attach', 'bench', 'serial=HS0001', '--live']);
    assert.ok(openNodes(pid).includes(nodeOf(back)));
    const again = nodes(lab);
    await must(['suspend', 'bench']);
    assert.deepEqual(openNodes(pid), []);
    await must(['resume', 'bench']);
    assert.equal(openNodes(pid).length, 2);
    await must(['detach', 'bench', 'serial=HS0001', '--live']);
    assert.deepEqual(openNodes(pid), [nodeOf(lab.device('SS0001'))]);
    await must(['kill', 'bench']);
    assert.deepEqual(nodes(lab), again);
    for (const serial of ['SS0001', 'HS0001']) {
      assert.deepEqual([...lab.device(serial).drivers.values()], ['usb-storage']);
    }
  });

  for (const [victims, signal] of [
    ['qplug killed', undefined],
    ['qplug and QEMU killed', 'SIGKILL'],
  ] as const) {
    check.soak(`${victims} while QEMU has a node to open: the next command takes it back`, async (lab) => {
      const before = nodes(lab);
      const pid = await start(lab, '');
      const node = nodeOf(lab.device('SS0001'));
      const go = await lab.killedAt(2, 'qplug while QEMU stands still', [
        'attach',
        'bench',
        'serial=SS0001',
        '--live',
        '--timeout',
        '120',
      ]);
      const { marks, end } = await go();
      assert.deepEqual([marks.at(-1), end.signal], ['attach "add" 0 doing', 'SIGKILL'], end.stderr);
      assert.equal(statSync(node).uid, NOBODY, `${marks.join('; ')}: ${end.stderr}`);
      assert.equal(await canOpen(lab, node), true, 'that is the moment at which it has it');
      if (signal !== undefined) process.kill(pid, signal);
      await lab.until('QEMU is gone', () => signal === undefined || rightsOf(pid) === undefined);
      // taken back at once, also where the VM does not answer yet; what a process leaves undone another one finds
      await lab.qplug(['list']);
      assert.deepEqual(nodes(lab), before);
      if (signal === undefined) process.kill(pid, 'SIGCONT');
      const { stdout, stderr } = await lab.qplug(['claims']);
      assert.match(stdout, /no VM has a device/, stderr);
      assert.deepEqual([...lab.device('SS0001').drivers.values()], ['usb-storage']);
      if (signal !== undefined) return;
      assert.deepEqual(openNodes(pid), []);
      await must(['attach', 'bench', 'serial=SS0001', '--live']);
      assert.deepEqual(openNodes(pid), [node]);
    });
  }

  check.soak(
    'an ordinary user who may open one node does everything with it, without root',
    async (lab) => {
      const user = otherUser(lab, 1000);
      const node = nodeOf(lab.device('SS0001'));
      const { uid, gid, mode } = statSync(node);
      lab.defer(() => {
        chownSync(node, uid, gid);
        chmodSync(node, mode);
      });
      chownSync(node, user.uid, gid);
      const file = join(user.home, 'bench.yaml');
      writeFileSync(file, 'name: bench\naccel: [tcg]\nmemory: 64M\nusb: { devices: [serial=SS0001] }\n');
      chownSync(file, user.uid, user.uid);
      const says = async (words: readonly string[], what: RegExp): Promise<string> => {
        const { code, stdout, stderr } = await user.qplug(...words);
        lab.log(`${words.join(' ')}: ${code}`);
        assert.equal(code, 0, stderr);
        assert.match(stdout, what, `${stdout}${stderr}`);
        return stdout;
      };
      const run = await says(['run', file, '--detach', '--json'], /46f4:0001/);
      const { pid, devices } = JSON.parse(run) as { pid: number; devices: { megabits: number }[] };
      lab.defer(() => {
        if (rightsOf(pid) !== undefined) process.kill(pid, 'SIGKILL');
      });
      assert.deepEqual([openNodes(pid), devices.map(({ megabits }) => megabits)], [[node], [5000]]);
      await says(['detach', 'bench', 'serial=SS0001'], /detached; the host has it back \(usb-storage\)$/m);
      await says(['attach', 'bench', 'serial=SS0001'], /^46f4:0001 .* attached: xhci\.0 port \d+, 5G/m);
      await says(['kill', 'bench'], /^bench ended: QEMU quit$/m);
      assert.deepEqual([...lab.device('SS0001').drivers.values()], ['usb-storage']);
      await lab.until('the watcher has ended', () => !processes().some((line) => line.includes('--after')));
    },
    { timeout: 120_000 },
  );
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}
