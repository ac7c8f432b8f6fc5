import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { standardHost } from '../hosts.js';
import type { Lab } from '../inside/lab.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import type { MachineSpec } from '../shared.js';
import { qplug, vmFile } from './parts/qplug.js';

/** All speeds, a hub with a device behind it, and isochronous endpoints. */
const machine: MachineSpec = {
  ...standardHost,
  devices: [
    ...standardHost.devices,
    { driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '5' },
    { driver: 'usb-mouse', id: 'far', bus: 'x0.0', port: '5.3', usb_version: 1 },
    { driver: 'usb-audio', id: 'audio', bus: 'x0.0', port: '6' },
  ],
};

/** The files of the page on host files, and the commands that make them. */
function ways(lab: Lab): (readonly [file: string, command: string])[] {
  const page = readFileSync(join(lab.root, 'docs/host-files.md'), 'utf8');
  const made = [...page.matchAll(/^((?:qplug|\(?lsusb|cat|usb-devices|tar) .*(?:> |czf )(\S+).*)$/gm)].map(
    ([, command = '', file = '']) => [file, command] as const,
  );
  assert.deepEqual(
    made.map(([file]) => file),
    ['host.json', 'lsusb.txt', 'listing.txt', 'script.txt', 'usb.tgz'],
  );
  return made;
}

/**
 * VMs in which nearly everything matters: slower devices, devices without a place, devices that need a hub or a controller. They have no
 * QEMU that qplug could ask, because that takes seconds in here.
 */
const VMS: Readonly<Record<string, string>> = {
  roomy: 'controllers: [{ id: x, model: qemu-xhci, ports: 15 }]',
  slow: 'controllers: [{ id: e, model: usb-ehci }, { id: u, model: piix3-usb-uhci }]\n  grow: [hubs]',
  tight: 'controllers: [{ id: x, model: qemu-xhci, ports: 2 }, { id: u, model: piix3-usb-uhci }]\n  grow: []',
};

const SELECTORS = ['serial=SS0001', 'serial=HS0001', 'tablet', 'ccid', 'keyboard', 'audio', '1-5.3', '4-1'];

/** Types a command of the page in the folder of the check. */
async function tell(lab: Lab, file: string, command: string): Promise<string> {
  const line = command.replace('qplug', lab.qplugArgv([]).join(' '));
  const done = await lab.exec(['sh', '-c', line], { cwd: lab.folder });
  // tar ends with an error when a file shrinks, as all of sysfs do
  if (!command.startsWith('tar')) assert.equal(done.code, 0, `${command}: ${done.stderr}`);
  return join(lab.folder, file);
}

/** The decisions of a plan; its findings report what the file lacks. */
function decided({ placements, refusals, added, after }: Record<string, unknown>): unknown {
  return { placements, refusals, added, after };
}

const place = (one: Record<string, unknown>): unknown => [one['port'], one['id'], one['megabits'], one['location']];

const suite: Suite = defineSuite({ title: 'host files', source: import.meta.url, machine }, (check) => {
  check.soak(
    'every file that tells of this host gives its devices, and the plans of this host itself',
    async (lab) => {
      await lab.exec(['mount', '-t', 'debugfs', 'debugfs', '/sys/kernel/debug']);
      lab.defer(() => execFileSync('umount', ['/sys/kernel/debug']));
      const files = new Map<string, string>();
      for (const [file, command] of ways(lab)) {
        // usb-devices starts hundreds of programs for each device: minutes in here. What it said once is a fixture.
        if (!command.startsWith('usb-devices')) files.set(file, await tell(lab, file, command));
      }
      await lab.exec(['tar', 'xzf', files.get('usb.tgz') ?? '', '-C', lab.folder]);
      files.set('folder', join(lab.folder, 'sys'));
      const live = JSON.parse((await qplug(['devices', '--json'])).out);
      for (const [file, path] of files) {
        const { out, err } = await qplug(['devices', '--json', '--host', path]);
        const told = JSON.parse(out);
        assert.doesNotMatch(err, /error|warning/, file);
        assert.deepEqual(told.devices.map(place), live.devices.map(place), file);
        assert.deepEqual(told.hubs.map(place), live.hubs.map(place), file);
      }
      const list = SELECTORS.map((one) => `    - { select: '${one}', slower: allow, when-missing: skip }`).join('\n');
      for (const [name, controllers] of Object.entries(VMS)) {
        const vm = vmFile(lab, `qemu: { binary: none-here }\nusb:\n  ${controllers}\n  devices:\n${list}`);
        const own = await qplug(['plan', vm, '--json']);
        const expected = JSON.parse(own.out);
        assert.ok(expected.placements.length > 2, own.out);
        for (const [file, path] of files) {
          const said = await qplug(['plan', vm, '--host', path, '--json']);
          assert.deepEqual(decided(JSON.parse(said.out)), decided(expected), `${name} from ${file}: ${said.err}`);
          assert.equal(said.code, own.code, `${name} from ${file}: ${said.err}`);
        }
      }
    },
    { timeout: 300_000 },
  );
});

export default suite;
