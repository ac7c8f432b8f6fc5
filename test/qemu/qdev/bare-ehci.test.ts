import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PATIENCE } from '../../patience.js';
import { qplug } from '../../unit/cli/fake-terminal.js';
import { startQemu } from '../harness/plain-qemu.js';

/** "A VM with a USB hub and an EHCI controller crashed at start: why?" Here QEMU itself answers, and then qplug. */
const folder = mkdtempSync(join(tmpdir(), 'qplug-ehci-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HUB = ['-device', 'usb-hub,id=hub,bus=ehci.0,port=1'];
const COMPANIONS = [0, 1, 2].flatMap((n) => [
  '-device',
  `ich9-usb-uhci${n + 1},masterbus=ehci.0,firstport=${2 * n},addr=1d.${n},multifunction=on`,
]);

/** @returns how a QEMU ended that was asked for these devices, and its last words */
function started(...devices: string[]): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['-machine', 'q35', '-S', '-display', 'none', '-nodefaults', ...devices];
    execFile('qemu-system-x86_64', args, { timeout: PATIENCE }, (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
}

/** @returns what `qplug plan` says of a VM file with a hub on an EHCI controller */
function planned(model: string): ReturnType<typeof qplug> {
  const file = join(folder, `${model}.yaml`);
  const usb = `{ controllers: [{ id: ehci, model: ${model} }], hubs: [{ id: hub, controller: ehci, port: 1 }] }`;
  writeFileSync(file, `machine: q35\nusb: ${usb}\n`);
  return qplug(['plan', file, '--offline']);
}

test.each(['usb-ehci', 'ich9-usb-ehci1'])(
  'a hub on a bare %s: QEMU ends at start, and qplug says why before',
  async (model) => {
    const { code, stderr } = await started('-device', `${model},id=ehci`, ...HUB);
    expect(code).toBe(1);
    expect(stderr).toMatch(/speed mismatch .*QEMU USB Hub.* \(full speed\) to bus "ehci\.0", port "1" \(high speed\)/);

    const { exit, err } = await planned(model);
    expect(exit).toBe(6);
    expect(err).toContain(
      "QEMU's usb-hub is a full-speed (USB 1.1) device, and a bare EHCI port takes only high speed",
    );
    expect(err).toContain('fix  write `model: ich9` for the controller ehci\n');
  },
);

test('with companions, as qplug proposes: QEMU has the hub, and qplug plans it', async () => {
  const ehci = ['-device', 'ich9-usb-ehci1,id=ehci,addr=1d.7,multifunction=on', ...COMPANIONS];
  await using qemu = await startQemu('-machine', 'q35', ...ehci, ...HUB);
  expect(qemu.process.exitCode).toBeNull();
  expect((await planned('ich9')).exit).toBe(0);
});
