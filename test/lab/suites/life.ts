import assert from 'node:assert/strict';
import { standardHost } from '../hosts.js';
import type { NestedQemu } from '../inside/nested-qemu.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { rights } from './life/rights.js';
import { remember } from './parts/as-before.js';
import { qplug, vmFile } from './parts/qplug.js';
import { seenByQemu, speedsByQemu } from './parts/seen-by-qemu.js';
import { stateDisk } from './parts/state-disk.js';
import { attach } from './parts/told.js';

const state = async (vm: NestedQemu): Promise<string> =>
  ((await vm.qmp.execute('query-status')) as { status: string }).status;

/** A VM's life with its devices. */
const suite: Suite = defineSuite({ title: 'life', source: import.meta.url, machine: standardHost }, (check) => {
  check('suspend gives the devices back to the host, resume brings each back to its port at its speed', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci', '-device', 'usb-ehci,id=ehci']);
    await vm.qmp.execute('cont');
    const bare = await remember(vm);
    const devices = await attach(vm, 'serial=SS0001', 'serial=HS0001');
    const [places, speeds] = [await Promise.all(devices.map(({ id }) => seenByQemu(vm, id))), await speedsByQemu(vm)];
    const suspended = await qplug(['suspend', vm.socket]);
    assert.equal(suspended.code, 0, suspended.err);
    assert.match(suspended.out, /is paused\n {2}the host has 46f4:0001 .*; resume plugs it back into \S+ port \d/);
    assert.equal(await state(vm), 'paused');
    await bare();
    assert.match(
      (await qplug(['status', vm.socket])).err,
      /^note: .* has been suspended since .*\n.*the host has .*SS0001|46f4:0001/m,
    );
    assert.match((await qplug(['suspend', vm.socket])).out, /was already paused/);
    const resumed = await qplug(['resume', vm.socket]);
    assert.equal(resumed.code, 0, resumed.err);
    assert.equal(await state(vm), 'running');
    assert.deepEqual(await Promise.all(devices.map(({ id }) => seenByQemu(vm, id))), places);
    assert.deepEqual(await speedsByQemu(vm), speeds);
    const again = await qplug(['resume', vm.socket]);
    assert.deepEqual([again.code, /was already running/.test(again.out)], [0, true]);
    assert.equal((await qplug(['detach', vm.socket, ...devices.map(({ id }) => id)])).code, 0);
    await bare();
  });

  check.soak(
    'a snapshot: devices of the host come back to their ports at their speeds, saved and restored',
    async (lab) => {
      const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci', ...stateDisk(lab)]);
      await vm.qmp.execute('cont');
      const bare = await remember(vm);
      const devices = await attach(vm, 'serial=SS0001', 'serial=HS0001');
      const speeds = await speedsByQemu(vm);
      const places = (): Promise<unknown[]> => Promise.all(devices.map(({ id }) => seenByQemu(vm, id)));
      const before = await places();
      for (const [tag, ...more] of [['away'], ['kept', '--keep']]) {
        const saved = await qplug(['snapshot', 'save', vm.socket, tag ?? '', ...more]);
        assert.deepEqual([saved.code, /warning/.test(saved.err)], [0, false], saved.err);
        assert.deepEqual([await places(), await speedsByQemu(vm), await state(vm)], [before, speeds, 'running']);
        const restored = await qplug(['snapshot', 'restore', vm.socket, tag ?? '']);
        assert.deepEqual([restored.code, /warning/.test(restored.err)], [0, false], restored.err);
        assert.deepEqual([await places(), await speedsByQemu(vm), await state(vm)], [before, speeds, 'running']);
      }
      const { snapshots } = JSON.parse((await qplug(['snapshot', 'list', vm.socket, '--json'])).out);
      assert.deepEqual(
        snapshots.map(({ tag, known }: { tag: string; known: boolean }) => [tag, known]),
        [
          ['away', true],
          ['kept', true],
        ],
      );
      for (const tag of ['away', 'kept']) {
        assert.equal((await qplug(['snapshot', 'delete', vm.socket, tag])).code, 0);
      }
      assert.equal((await qplug(['detach', vm.socket, ...devices.map(({ id }) => id)])).code, 0);
      await bare();
    },
  );

  check.soak('suspend --keep: the guest stands still, and keeps its devices', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    await vm.qmp.execute('cont');
    const [device] = await attach(vm, 'serial=SS0001');
    assert.ok(device);
    const asBefore = await remember(vm);
    assert.equal((await qplug(['suspend', vm.socket, '--keep'])).code, 0);
    assert.equal(await state(vm), 'paused');
    await asBefore();
    assert.equal((await qplug(['resume', vm.socket])).code, 0);
    assert.equal(await state(vm), 'running');
    await asBefore();
    assert.equal((await qplug(['detach', vm.socket, device.id])).code, 0);
  });

  check.soak('one that was pulled meanwhile is told and does not stop the rest; --wait waits for it', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    await vm.qmp.execute('cont');
    const devices = await attach(vm, 'serial=SS0001', 'serial=HS0001');
    assert.equal((await qplug(['suspend', vm.socket])).code, 0);
    await lab.pull('hs');
    const resumed = await qplug(['resume', vm.socket]);
    assert.equal(resumed.code, 0, resumed.err);
    assert.match(resumed.err, /^warning: 46f4:0001 .* is no longer plugged in: /m);
    assert.match(resumed.err, /^ {2}fix {2}qplug attach \S+ \d-\d --wait 60$/m);
    assert.equal(await state(vm), 'running');
    assert.equal((await speedsByQemu(vm)).size, 1);
    assert.equal((await qplug(['suspend', vm.socket])).code, 0);
    await lab.plugBack('hs');
    assert.equal((await qplug(['resume', vm.socket])).code, 0);
    assert.deepEqual(
      [...(await speedsByQemu(vm)).keys()],
      devices.filter(({ megabits }) => megabits === 5000).map(({ id }) => id),
    );
    assert.equal((await qplug(['attach', vm.socket, 'serial=HS0001'])).code, 0);
    assert.equal((await qplug(['suspend', vm.socket])).code, 0);
    await lab.pull('hs');
    const waiting = qplug(['resume', vm.socket, '--wait', '60']);
    await lab.plugBack('hs');
    const waited = await waiting;
    assert.deepEqual([waited.code, waited.err.includes('warning')], [0, false], waited.err);
    assert.equal((await speedsByQemu(vm)).size, 2);
    assert.equal((await qplug(['detach', vm.socket, ...devices.map(({ id }) => id)])).code, 0);
  });

  check.soak('one that the VM must have is missing: its guest stands still until it is there', async (lab) => {
    const file = vmFile(lab, 'usb: { devices: [serial=SS0001, { select: serial=HS0001, when-missing: fail }] }');
    const started = await qplug(['run', file, '--detach']);
    assert.equal(started.code, 0, started.err);
    lab.defer(() => qplug(['kill', 'bench']));
    assert.equal((await qplug(['suspend', 'bench'])).code, 0);
    await lab.pull('hs');
    const { code, err } = await qplug(['resume', 'bench']);
    assert.equal(code, 3);
    assert.match(err, /^error: 46f4:0001 .* is no longer plugged in: bench requires it /m);
    assert.match((await qplug(['status', 'bench'])).out, /^bench {2}paused /);
    await lab.plugBack('hs');
    const resumed = await qplug(['resume', 'bench']);
    assert.equal(resumed.code, 0, resumed.err);
    assert.match((await qplug(['status', 'bench'])).out, /^bench {2}running /);
    assert.equal((await qplug(['kill', 'bench'])).code, 0);
  });

  check.soak(
    'migrate: refused with its devices named; put back where it fails; to the host where it works',
    async (lab) => {
      const board = ['-device', 'qemu-xhci,id=xhci', '-device', 'usb-ehci,id=ehci', '-device', 'usb-tablet,bus=xhci.0'];
      const vm = await lab.startQemu(board);
      await vm.qmp.execute('cont');
      const devices = await attach(vm, 'serial=SS0001', 'serial=HS0001');
      const places = await Promise.all(devices.map(({ id }) => seenByQemu(vm, id)));
      const asBefore = await remember(vm);
      const uri = `unix:${vm.socket}.in`;
      const held = await qplug(['migrate', vm.socket, uri]);
      assert.equal(held.code, 5, held.err);
      for (const { id, bus, port } of devices) assert.ok(held.err.includes(`(${id}) on ${bus} port ${port}`), held.err);
      await asBefore();
      // one that lacks the tablet refuses the guest
      const lacking = await lab.startQemu([...board.slice(0, 4), '-incoming', uri]);
      const refused = await qplug(['migrate', vm.socket, uri, '--with-detached']);
      assert.equal(refused.code, 1, refused.err);
      assert.match(refused.err, /^error: the migration to unix:\S+ failed; the guest stays here \(running\)/m);
      await lacking.quit();
      assert.equal(await state(vm), 'running');
      assert.deepEqual(await Promise.all(devices.map(({ id }) => seenByQemu(vm, id))), places);
      const other = await lab.startQemu([...board, '-incoming', uri]);
      const sent = await qplug(['migrate', vm.socket, uri, '--with-detached', '--json']);
      assert.equal(sent.code, 0, sent.err);
      assert.equal(await state(vm), 'postmigrate');
      for (const serial of ['SS0001', 'HS0001']) {
        assert.deepEqual([...lab.device(serial).drivers.values()], ['usb-storage']);
      }
      assert.equal((await qplug(['claims'])).out, 'no VM has a device of this host\n');
      const told = JSON.parse(sent.out).devices as { attach: string[] }[];
      for (const { attach: words } of told) {
        const line = words.slice(1).map((word) => (word === vm.socket ? other.socket : word));
        const done = await qplug(line);
        assert.equal(done.code, 0, done.err);
      }
      const there = await Promise.all(devices.map(({ id }) => seenByQemu(other, id)));
      assert.deepEqual(there, places);
      assert.equal((await qplug(['detach', other.socket, ...devices.map(({ id }) => id)])).code, 0);
      await other.quit();
    },
  );

  check.soak(
    'two VMs: the second is refused by name, and gets the device when the first has let go of it',
    async (lab) => {
      const first = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const second = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
      const asBefore = await remember(second);
      const [device] = await attach(first, 'serial=SS0001');
      assert.ok(device);
      const held = await remember(first);
      const { code, out, err } = await qplug(['attach', second.socket, 'serial=SS0001']);
      assert.deepEqual([code, out], [5, '']);
      assert.match(err, /^error: 46f4:0001 .* belongs to another VM: its state there is attached, since /m);
      assert.ok(err.includes(first.socket) && err.includes(`QEMU ${first.process.pid}`), err);
      assert.match(err, /^ {2}fix {2}qplug detach \S+ \d-\d$/m);
      await held();
      const told = JSON.parse((await qplug(['devices', '--json'])).out).devices as {
        serial: string;
        claim: { vm: string; state: string } | null;
      }[];
      assert.deepEqual(
        told.filter(({ claim }) => claim !== null).map(({ serial, claim }) => [serial, claim?.state]),
        [['SS0001', 'attached']],
      );
      const released = await qplug(['release', 'serial=SS0001', '--yes']);
      assert.equal(released.code, 0, released.err);
      await asBefore();
      await attach(second, 'serial=SS0001');
      // a VM that is killed by force has nothing any more: the host has the driver back, and the next may take it
      second.process.kill('SIGKILL');
      await second.process.finished;
      const [again] = await attach(first, 'serial=SS0001');
      assert.equal((await qplug(['detach', first.socket, again?.id ?? ''])).code, 0);
      assert.deepEqual([...lab.device('SS0001').drivers.values()], ['usb-storage']);
    },
  );

  check('a QEMU that is killed by force: the next command gives its devices back with their drivers', async (lab) => {
    const vm = await lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
    await attach(vm, 'serial=SS0001', 'serial=HS0001');
    vm.process.kill('SIGKILL');
    await vm.process.finished;
    const { code, err } = await qplug(['devices']);
    assert.equal(code, 0);
    assert.equal([...err.matchAll(/^note: returned 46f4:0001 .* to the host: its VM has ended$/gm)].length, 2, err);
    for (const serial of ['SS0001', 'HS0001']) {
      assert.deepEqual([...lab.device(serial).drivers.values()], ['usb-storage']);
    }
    assert.equal((await qplug(['claims'])).out, 'no VM has a device of this host\n');
  });

  rights(check);
});

export default suite;
