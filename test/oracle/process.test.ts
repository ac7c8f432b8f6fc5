import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { parseVmFile } from '../../src/config/index.js';
import { sandboxOption } from '../../src/launcher/command-line/sandbox.js';
import { type Capabilities, type QueryReply, readCapabilities } from '../../src/qdev/index.js';
import { OracleQemu } from './harness/oracle-qemu.js';

/** Whether a process is there, and not only its entry that nobody has read. */
function lives(pid: number | undefined): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

async function sandboxOf(release: string): Promise<Capabilities> {
  await using qemu = await OracleQemu.start({ release, args: ['-machine', 'none'] });
  const reading = readCapabilities(qemu.version, [], { sandbox: true });
  let step = reading.next();
  while (step.done !== true) {
    const replies: QueryReply[] = [];
    for (const { command, arguments: args } of step.value) replies.push(await qemu.ask(command, args));
    step = reading.next(replies);
  }
  return step.value;
}

describe.each(RELEASES)('a process of QEMU $name', ({ name: release }) => {
  test('greets with the version of its release', async () => {
    await using qemu = await OracleQemu.start({ release, args: ['-machine', 'none'] });
    const { major, minor } = qemu.version;
    if (release === '11.1') expect([major, minor] >= [11, 1]).toBe(true);
    else expect(`${major}.${minor}`).toBe(release);
    expect(qemu.stderrSince(0)).toBe('');
  });

  test('is gone at the end of its block', async () => {
    let pid: number | undefined;
    {
      await using qemu = await OracleQemu.start({ release, args: ['-machine', 'none'] });
      pid = qemu.pid;
      expect(lives(pid)).toBe(true);
    }
    expect(lives(pid)).toBe(false);
  });

  test('that does not start says why', async () => {
    await expect(OracleQemu.start({ release, args: ['-machine', 'pc', '-device', 'usb-nonsense'] })).rejects.toThrow(
      "'usb-nonsense' is not a valid device model name",
    );
  });

  test('knows the models of its own modules, whatever QEMU is installed', async () => {
    await using qemu = await OracleQemu.start({ release, args: ['-machine', 'pc'] });
    const reply = await qemu.ask('qom-list-types', { implements: 'usb-device', abstract: false });
    const types = 'ok' in reply ? (reply.ok as { name: string }[]).map(({ name }) => name) : [];
    expect(types).toEqual(expect.arrayContaining(['usb-host', 'usb-redir', 'usb-hub', 'usb-uas', 'usb-tablet']));
  });

  test('passes a device through in its sandbox, which is on', async () => {
    const capabilities = await sandboxOf(release);
    const vm = await parseVmFile('qemu: { sandbox: true }\n', '/vm/x.yaml');
    const value = sandboxOption(vm, capabilities) ?? '';
    expect(value).toBe('on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny');
    const args = ['-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x', '-sandbox', value];
    const one = { speed: 'high', vendorId: 1, productId: 1, configurations: [] } as const;
    await using qemu = await OracleQemu.start({ release, args, host: [{ bus: 1, address: 2, port: '1', ...one }] });
    const status = readFileSync(`/proc/${qemu.pid}/status`, 'latin1');
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    const add = { driver: 'usb-host', id: 'a', bus: 'x.0', port: '1', hostbus: 1, hostaddr: 2 };
    expect(await qemu.ask('device_add', add)).toEqual({ ok: {} });
    await qemu.remove('a');
    expect(await qemu.ask('query-status')).toHaveProperty('ok');
  });

  test('has an arm emulator', async () => {
    await using qemu = await OracleQemu.start({ release, emulator: 'aarch64', args: ['-machine', 'virt'] });
    expect(await qemu.ask('query-target')).toEqual({ ok: { arch: 'aarch64' } });
  });
});

describe('a process of QEMU', () => {
  test('that ends answers whoever waits', async () => {
    await using qemu = await OracleQemu.start({
      release: '7.2',
      args: ['-machine', 'pc', '-device', 'qemu-xhci,id=x'],
    });
    await qemu.setHost([{ bus: 1, address: 1, port: '', speed: 'low', vendorId: 1, productId: 1, configurations: [] }]);
    const add = { driver: 'usb-host', id: 'a', bus: 'x.0', port: '1', hostbus: 1, hostaddr: 1 };
    await expect(qemu.ask('device_add', add)).rejects.toThrow(/^QEMU ended with 70: usb stand-in: .*:1: port= is not/);
    await expect(qemu.ask('query-status')).rejects.toThrow(/^QEMU ended with 70/);
  });

  test('ends with its signal', async () => {
    const ending = new AbortController();
    await using qemu = await OracleQemu.start({ release: '7.2', args: ['-machine', 'none'], signal: ending.signal });
    ending.abort();
    await expect.poll(() => lives(qemu.pid)).toBe(false);
    await expect(qemu.ask('query-status')).rejects.toThrow(/^QEMU /);
  });

  test('ends with the process that started it, however that ends', async () => {
    const contents = `import { OracleQemu } from './test/oracle/harness/oracle-qemu.ts';
      const qemu = await OracleQemu.start({ release: '7.2', args: ['-machine', 'none'] });
      console.log(qemu.pid);
      setInterval(() => {}, 1000);`;
    const external = ['../../../scripts/*'];
    const bundle = await build({
      stdin: { contents, resolveDir: root },
      ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20', external },
    });
    const code = bundle.outputFiles[0]?.text.replaceAll('../../../scripts/', `${root}/scripts/`) ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'qplug-killed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'parent.mjs');
    writeFileSync(program, code);
    const parent = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [pid] = await once(parent.stdout, 'data').then(([line]) => [Number(String(line))]);
    expect(lives(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => lives(pid)).toBe(false);
  });
});
