import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { GUARD_KINDS } from '../../../src/diag/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { disk, hostFiles, mounted, running } from '../host/guards/host-tree.js';
import { recording } from '../host/recordings.js';
import { schemaErrors, schemaTexts } from '../view/documents/schemas.js';
import { documentOf, qplug } from './fake-terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-cli-guards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NODE = ['/dev/bus/usb/003/002', 'char 189:257'] as const;
const terminal = {
  sysfs: recordedSysfs(recording('six-devices')),
  files: hostFiles(
    disk('2-1', 'sda'),
    mounted('8:1 /mnt/\u001b[31m ext4 /dev/sda1'),
    { '/proc/swaps': 'head\n/dev/sda partition 1 0 -2\n' },
    running(812, 'qemu-system-x86', [NODE], ['qemu', '-name', 'guest=win10', '/var/lib/libvirt/qemu/x']),
  ),
  env: { PATH: '/nowhere', QPLUG_RUNTIME_DIR: folder, QPLUG_STATE_DIR: folder },
  columns: undefined,
  policy: join(folder, 'policy.yaml'),
};

interface Told {
  readonly port: string;
  readonly guards?: readonly { readonly kind: string; readonly subject: string; readonly evidence: object }[];
}

describe('devices', () => {
  test('shows why the host needs a device, by the names that --guard-off takes', async () => {
    const { out } = await qplug(['devices'], terminal);
    const lines = out.split('\n');
    expect(lines.find((line) => line.startsWith('2-1 '))).toContain('[mount, swap] QEMU USB HARDDRIVE');
    expect(lines.find((line) => line.startsWith('3-1 '))).toContain('[in-use] ');
    expect(lines.filter((line) => line.includes('['))).toHaveLength(2);
  });

  test('tells it to programs, with what it was made of', async () => {
    const document = await documentOf(['devices'], terminal);
    expect(schemaErrors(document)).toEqual([]);
    const { devices, hubs } = document as { devices: Told[]; hubs: Told[] };
    const guards = new Map([...devices, ...hubs].map((one) => [one.port, one.guards]));
    expect(guards.get('2-1')).toMatchObject([
      { kind: 'mount', evidence: { at: ['/mnt/\u001b[31m'] } },
      { kind: 'swap', subject: '/dev/sda used as swap', evidence: { node: '/dev/sda', through: [] } },
    ]);
    expect(guards.get('3-1')).toMatchObject([
      { kind: 'in-use', subject: '/dev/bus/usb/003/002 open in qemu-system-x86 (pid 812, libvirt domain win10)' },
    ]);
    expect(guards.get('4-2')).toEqual([]);
    expect(guards.get('usb1')).toMatchObject([{ kind: 'hub' }]);
  });

  test('says nothing of it where the devices are not of this host', async () => {
    const { devices } = (await documentOf(['devices'], { ...terminal, files: undefined })) as { devices: Told[] };
    expect(devices.every((one) => !('guards' in one))).toBe(true);
  });

  test('all kinds are in the schema, and those of the VM file are all but hubs', () => {
    const { common } = schemaTexts();
    expect(JSON.parse(common as string).$defs.guard.properties.kind.enum).toEqual(GUARD_KINDS);
  });
});

describe('a VM file that wants what the host needs', () => {
  const file = (wish: string): string => {
    const path = join(folder, 'bench.yaml');
    writeFileSync(path, `usb: { devices: [${wish}] }`);
    return path;
  };
  const plan = (wish: string, ...more: readonly string[]) => qplug(['plan', file(wish), ...more], terminal);
  const WISH = '{ select: 2-1, when-missing: fail }';

  test('is refused with what would break and the way around it', async () => {
    const { exit, err } = await plan(WISH);
    expect(exit).toBe(5);
    expect(err).toContain('/dev/sda1 mounted at /mnt/');
    expect(err).toContain('the file system would lose its disk');
    expect(err).toContain('--guard-off mount');
    expect(err).toContain('--guard-off swap');
    expect(err).not.toContain('\u001b');
  });

  test('is planned with every reason taken away, and with no fewer', async () => {
    expect((await plan(WISH, '--guard-off', 'mount')).exit).toBe(5);
    expect((await plan(WISH, '--guard-off', 'mount', '--guard-off', 'swap')).exit).toBe(0);
    expect((await plan('{ select: 2-1, when-missing: fail, guard-off: [mount, swap] }')).exit).toBe(0);
  });

  test('is refused where somebody else has the device, by name', async () => {
    const { exit, err } = await plan('{ select: 3-1, when-missing: fail }');
    expect(exit).toBe(5);
    expect(err).toContain('libvirt domain win10');
    expect(err).toContain('pid 812');
  });

  test.each([
    ['deny: [2-1]', 5, 'policy-denied'],
    ['enabled: false', 5, 'passthrough-disabled'],
    ['deny: [', 5, 'policy-unusable'],
    ['allow: [2-1]', 0, undefined],
    ['deny: [{ user: 0, vm: other }]', 0, undefined],
  ])('is held against the policy %j', async (policy, exit, code) => {
    writeFileSync(terminal.policy, policy);
    try {
      const ran = await plan(WISH, '--guard-off', 'mount', '--guard-off', 'swap', '--json');
      expect(ran.exit).toBe(exit);
      const { findings } = JSON.parse(ran.out) as { findings: { code: string }[] };
      const codes = findings.map((one) => one.code).filter((one) => one !== 'qemu-missing');
      expect(codes[0]).toBe(code);
    } finally {
      rmSync(terminal.policy);
    }
  });
});

describe('--guard-off', () => {
  test.each(['hub', 'mounts', ''])('does not know %j', async (name) => {
    const { exit, err } = await qplug(['plan', 'x.yaml', '--guard-off', name], terminal);
    expect(exit).toBe(2);
    expect(err).toContain('--guard-off');
  });

  test.each(['attach', 'run', 'plan', 'rebalance'])('is told by %s --help, with all names', async (command) => {
    const { out } = await qplug([command, '--help'], terminal);
    for (const kind of GUARD_KINDS.filter((one) => one !== 'hub')) expect(out).toContain(kind);
  });
});
