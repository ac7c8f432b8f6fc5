import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { standardHost } from '../hosts.js';
import type { Gadget } from '../inside/gadget.js';
import type { Lab } from '../inside/lab.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { nextCommands } from './parts/next-commands.js';
import { qplug, type Said, vmFile } from './parts/qplug.js';
import { driversOf, settled } from './parts/settled.js';

/** The document of `run --json`. */
interface ToldRun {
  readonly pid: number;
  readonly devices: readonly { readonly id: string; readonly bus: string; readonly port: string }[];
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}

const STICK = { id: '1209:0040', speed: 480, functions: ['hid'], serial: 'AWAY' } as const;

async function must(words: readonly string[]): Promise<Said> {
  const said = await qplug(words);
  assert.equal(said.code, 0, said.err);
  return said;
}

async function start(file: string, ...more: readonly string[]): Promise<ToldRun> {
  return JSON.parse((await must(['run', file, '--detach', '--json', ...more])).out);
}

const placeOf = ({ devices }: ToldRun, id: string): string | undefined => {
  const device = devices.find((one) => one.id.includes(id));
  return device && `${device.bus} ${device.port}`;
};

const namesOf = ({ devices }: ToldRun): string[] => devices.map(({ id }) => id.split('-').slice(1, 3).join(':')).sort();

const codesOf = ({ findings }: ToldRun): string[] => findings.map(({ code }) => code);

async function vms(): Promise<string[]> {
  const { out } = await must(['list', '--json']);
  return JSON.parse(out).vms.map(({ name }: { name: string }) => name);
}

async function pull(lab: Lab, gadget: Gadget): Promise<void> {
  gadget.pull();
  await lab.until('it is gone', () => lab.devices().every(({ id }) => id !== STICK.id) || undefined);
}

/** A VM file with the stick, as an entry says, and a disk. */
function fileWith(lab: Lab, policy: string): string {
  lab.defer(() => qplug(['kill', 'bench']));
  return vmFile(lab, `usb: { devices: [{ select: serial=AWAY, when-missing: ${policy} }, serial=HS0001] }`);
}

/** The files beside a VM file that are qplug's. */
const beside = (file: string): string[] =>
  readdirSync(dirname(file)).filter((name) => name.startsWith(`.${basename(file)}`));

/** VM files that change, and devices that are gone when a VM starts again. */
const suite: Suite = defineSuite({ title: 'config', source: import.meta.url, machine: standardHost }, (check) => {
  check.soak(
    'skip: a device pulled while its VM was off is told, its port is kept, and it comes back to it',
    async (lab) => {
      const { gadget } = await lab.gadget(STICK);
      const file = fileWith(lab, 'skip');
      const first = await start(file);
      assert.deepEqual(namesOf(first), ['1209:0040', '46f4:0001']);
      await must(['kill', 'bench']);
      await pull(lab, gadget);
      const second = await start(file);
      assert.deepEqual([namesOf(second), codesOf(second)], [['46f4:0001'], ['device-missing']]);
      assert.equal(placeOf(second, '46f4'), placeOf(first, '46f4'));
      await lab.appears(STICK.id, () => gadget.plug());
      const text = readFileSync(file, 'utf8');
      const back = JSON.parse((await must(['attach', 'bench', 'serial=AWAY', '--json'])).out);
      assert.equal(placeOf(back, '1209'), placeOf(first, '1209'));
      assert.deepEqual(back.file.entries[0].outcome, 'already');
      assert.equal(readFileSync(file, 'utf8'), text);
    },
  );

  check.soak(
    'wait: the start goes on when the device comes, and ends with nothing started when it does not',
    async (lab) => {
      const { gadget } = await lab.gadget(STICK);
      const file = fileWith(lab, 'wait');
      const first = await start(file);
      await must(['kill', 'bench']);
      await pull(lab, gadget);
      const before = driversOf(lab);
      const never = await qplug(['run', file, '--detach', '--wait', '1']);
      assert.deepEqual([never.code, never.out], [7, '']);
      assert.match(never.err, /^error: .*serial=AWAY/m);
      assert.deepEqual([await vms(), await settled(lab, before, [])], [[], []]);
      let waited = false;
      const { code, out, err } = await qplug(['run', file, '--detach', '--wait', '60', '--json'], {
        onErr: (text) => {
          if (waited || !text.includes('wait for serial=AWAY')) return;
          waited = true;
          gadget.plug();
        },
      });
      assert.deepEqual([code, waited], [0, true], err);
      assert.deepEqual(namesOf(JSON.parse(out)), ['1209:0040', '46f4:0001']);
      assert.equal(placeOf(JSON.parse(out), '1209'), placeOf(first, '1209'));
    },
  );

  check.soak('fail: nothing is started, and no device is touched', async (lab) => {
    const { gadget } = await lab.gadget(STICK);
    const file = fileWith(lab, 'fail');
    await start(file);
    await must(['kill', 'bench']);
    await pull(lab, gadget);
    const before = driversOf(lab);
    const { code, out, err } = await qplug(['run', file, '--detach']);
    assert.deepEqual([code, out], [3, '']);
    assert.match(err, /^error: serial=AWAY is not plugged into this host: bench requires it/m);
    assert.deepEqual([await vms(), await settled(lab, before, [])], [[], []]);
  });

  for (const policy of ['skip', 'fail']) {
    check.soak(
      `${policy}: a device pulled when QEMU was killed and no qplug was there: the next start mends that first`,
      async (lab) => {
        const { gadget, device } = await lab.gadget(STICK);
        const before = new Map([...driversOf(lab)].filter(([name]) => !name.startsWith(`${device.name}:`)));
        const file = fileWith(lab, policy);
        const { pid } = await start(file);
        process.kill(pid, 'SIGKILL');
        await pull(lab, gadget);
        const { code, err } = await qplug(['run', file, '--detach']);
        assert.match(err, /returned 1209:0040 .* to the host/);
        assert.equal(code, policy === 'skip' ? 0 : 3, err);
        const ids = await settled(lab, before, []);
        assert.deepEqual([await vms(), ids.length], policy === 'skip' ? [['bench'], 1] : [[], 0]);
      },
    );
  }

  check('attach and detach of a real device: in the VM now, and in its file for the next start', async (lab) => {
    const before = driversOf(lab);
    const file = vmFile(lab, 'usb:\n  devices: # of the bench\n    - serial=SS0001 # stays');
    lab.defer(() => qplug(['kill', 'bench']));
    const text = readFileSync(file, 'utf8');
    await start(file);
    const { bus, address } = lab.device('HS0001');
    await must(['attach', 'bench', `@${bus}.${address}`]);
    assert.equal(readFileSync(file, 'utf8'), `${text}    - 46f4:0001:HS0001\n`);
    await must(['kill', 'bench']);
    assert.deepEqual(await settled(lab, before, []), []);
    assert.equal((await start(file)).devices.length, 2);
    await must(['detach', 'bench', 'serial=HS0001']);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal((await settled(lab, before, [])).length, 1);
    await must(['attach', 'bench', 'serial=HS0001', '--live']);
    await must(['detach', file, 'serial=SS0001', '--config']);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /SS0001|HS0001/);
    assert.equal((await settled(lab, before, [])).length, 2);
  });

  for (const kind of ['attach', 'detach']) {
    check.soak(
      `qplug killed at each step of ${kind} in a VM and its file: the next command leaves both with the device, or neither`,
      async (lab) => {
        const before = driversOf(lab);
        lab.defer(() => qplug(['kill', 'bench']));
        const file = vmFile(lab, 'usb:\n  devices:\n    - { emulated: usb-mouse } # stays');
        const without = readFileSync(file, 'utf8');
        await start(file);
        let has = false;
        let marks: readonly string[] = [];
        const words = [kind, 'bench', 'serial=HS0001'];
        let next = lab.killedAt(0, 'qplug', words);
        for (let at = 0; at <= marks.length; at++) {
          if (has !== (kind === 'detach')) await must([has ? 'detach' : 'attach', 'bench', 'serial=HS0001']);
          const go = await next;
          const cut = await go();
          lab.log(`${kind} killed at ${at}: ${cut.marks.at(-1)}`);
          if (at === 0) {
            assert.equal(cut.end.code, 0, cut.end.stderr);
            marks = cut.marks;
            assert.ok(marks.some((mark) => mark.includes('"write"')));
          } else assert.equal(cut.end.signal, 'SIGKILL', cut.end.stderr);
          await nextCommands(lab);
          has = (await settled(lab, before, [])).length === 1;
          assert.equal(readFileSync(file, 'utf8'), `${without}${has ? '    - serial=HS0001\n' : ''}`);
          if (at < marks.length) next = lab.killedAt(at + 1, 'qplug', words);
        }
        // the next command that changes the file takes over the lock of a process that has ended
        await must([has ? 'detach' : 'attach', 'bench', 'serial=HS0001']);
        assert.deepEqual(beside(file), []);
        await must(['kill', 'bench']);
        assert.deepEqual(await settled(lab, before, []), []);
      },
      { timeout: 300_000 },
    );
  }
});

export default suite;
