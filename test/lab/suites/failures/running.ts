import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import type { LabDevice } from '../../inside/devices.js';
import type { Lab } from '../../inside/lab.js';
import type { AddCheck } from '../../inside/suite.js';
import { remember } from '../parts/as-before.js';
import { qplug, vmFile } from '../parts/qplug.js';

const driversOf = ({ drivers }: LabDevice): (string | undefined)[] => [...drivers.values()];

/** The process of a VM that qplug runs, by its list. */
async function pidOf(name: string): Promise<number> {
  const { vms } = JSON.parse((await qplug(['list', '--json'])).out) as { vms: { name: string; pid: number }[] };
  const found = vms.find((one) => one.name === name);
  assert.ok(found, `${name} runs`);
  return found.pid;
}

async function endOf(lab: Lab, pid: number): Promise<void> {
  await lab.until(`the end of process ${pid}`, () => !existsSync(`/proc/${pid}`));
}

/** VMs that don't start, or do not end as they should. */
export function running(check: AddCheck): void {
  check(
    'a mandatory device that is missing: exit 3, where it stands in the file, and no QEMU is started',
    async (lab) => {
      const file = vmFile(
        lab,
        'usb:\n  devices:\n    - serial=SS0001\n    - { select: "dead:beef", when-missing: fail }',
      );
      const asBefore = await remember();
      const { code, out, err } = await qplug(['run', file]);
      assert.deepEqual([code, out], [3, '']);
      assert.match(err, /^error: dead:beef is not plugged into this host: bench requires it \(when-missing: fail\)$/m);
      assert.match(err, /^ {2}at {3}.*bench\.yaml:7:\d+$/m);
      assert.doesNotMatch(err, /start .*qemu/);
      await asBefore();
    },
  );

  check.soak(
    'an optional device that is missing is told, the VM runs, and kill gives its devices back',
    async (lab) => {
      const file = vmFile(lab, 'usb: { devices: [serial=SS0001, "dead:beef"] }');
      const asBefore = await remember();
      const started = await qplug(['run', file, '--detach']);
      lab.defer(() => qplug(['kill', 'bench']));
      assert.equal(started.code, 0);
      assert.match(started.err, /^warning: dead:beef is not plugged into this host: bench starts without it/m);
      assert.match(started.err, /^ {2}fix {2}qplug attach bench dead:beef --wait 60$/m);
      assert.match(started.out, /xhci\.0 port \d+ {2}5G {2}46f4:0001/);
      assert.deepEqual(driversOf(lab.device('SS0001')), [undefined]);
      const killed = await qplug(['kill', 'bench']);
      assert.deepEqual([killed.code, killed.out], [0, 'bench ended: QEMU quit\n']);
      await asBefore();
    },
  );

  check.soak('a mandatory device that QEMU may not open: exit 1, the VM is ended before its guest ran', async (lab) => {
    const { bus, address } = lab.device('SS0001');
    const node = `/dev/bus/usb/${String(bus).padStart(3, '0')}/${String(address).padStart(3, '0')}`;
    chmodSync(node, 0o666);
    lab.defer(() => chmodSync(node, 0o664));
    const file = vmFile(
      lab,
      `qemu: { args: [-runas, nobody] }
usb: { devices: [serial=SS0001, { select: serial=HS0001, when-missing: fail }] }`,
    );
    const asBefore = await remember();
    const { code, out, err } = await qplug(['run', file]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^error: QEMU could not open 46f4:0001 .* at 3-1: the user that QEMU runs as may lack permission/m,
    );
    assert.match(err, /^· plug 46f4:0001 .*\n· plug 46f4:0001 /m);
    assert.match(err, /^· end .*qemu/m);
    assert.doesNotMatch(err, /resume the guest/);
    await asBefore();
  });

  check.soak(
    'QEMU killed while it runs in the foreground: exit 1, the signal is told, the host has its devices back',
    async (lab) => {
      const file = vmFile(lab, 'usb: { devices: [serial=SS0001, 08e6:4433] }');
      const asBefore = await remember();
      const { code, err } = await qplug(['run', file], {
        onErr: (text) => {
          const pid = /process (\d+), QMP/.exec(text)?.[1];
          if (pid !== undefined) process.kill(Number(pid), 'SIGKILL');
        },
      });
      assert.equal(code, 1);
      assert.match(err, /^error: .*qemu-system-x86_64 ended: by SIGKILL/m);
      await asBefore();
    },
  );

  check.soak(
    'a VM in the background killed by somebody: the next command gives its device back, and list forgets it',
    async (lab) => {
      const file = vmFile(lab, 'usb: { devices: [serial=SS0001] }');
      const asBefore = await remember();
      assert.equal((await qplug(['run', file, '--detach'])).code, 0);
      const pid = await pidOf('bench');
      process.kill(pid, 'SIGKILL');
      await endOf(lab, pid);
      const listed = await qplug(['list']);
      assert.deepEqual([listed.code, listed.out], [0, 'no VM of qplug runs on this host\n']);
      assert.match(listed.err, /^note: bench no longer runs; qplug cleared its leftovers away$/m);
      assert.match(listed.err, /^note: returned 46f4:0001 .* to the host: its VM has ended$/m);
      assert.match((await qplug(['devices', 'serial=SS0001'])).out, /46f4:0001 +5G +usb-storage +SS0001 /);
      const again = await qplug(['kill', 'bench']);
      assert.equal(again.code, 3);
      assert.match(again.err, /^error: there is no VM "bench"/m);
      await asBefore();
    },
  );

  check.soak(
    'what run leaves behind gives the device back at once when the QEMU is killed, by itself, and ends',
    async (lab) => {
      const file = vmFile(lab, 'usb: { devices: [serial=SS0001] }');
      const asBefore = await remember();
      const started = await lab.qplug(['run', file, '--detach']);
      assert.equal(started.code, 0, started.stderr);
      await lab.until('the watcher', () => watchers().length === 1);
      process.kill(await pidOf('bench'), 'SIGKILL');
      await lab.until('its driver is back', () => driversOf(lab.device('SS0001'))[0] === 'usb-storage');
      await lab.until('the end of the watcher', () => watchers().length === 0);
      const { out, err } = await qplug(['list']);
      assert.deepEqual([out, err.includes('to the host')], ['no VM of qplug runs on this host\n', false]);
      await asBefore();
    },
  );
}

/** The processes that `run --detach` has left behind. */
function watchers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0mend\0--after\0');
    } catch {
      return false;
    }
  });
}
