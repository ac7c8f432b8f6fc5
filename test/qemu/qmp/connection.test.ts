import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { describe as words } from '../../../src/diag/index.js';
import { connect, QmpClosedError, type QmpCommandName, QmpConnectError } from '../../../src/qmp/index.js';
import { PATIENCE } from '../../patience.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';

const NONE = ['-M', 'none'];
const XHCI = ['-M', 'pc', '-device', 'qemu-xhci,id=xhci,p2=15,p3=15'];

/** Every command that has a type; the compiler keeps the list complete. */
const TYPED: Record<QmpCommandName, true> = {
  'query-version': true,
  'query-status': true,
  'query-name': true,
  'query-uuid': true,
  'query-kvm': true,
  'query-commands': true,
  'query-qmp-schema': true,
  'query-pci': true,
  'query-block': true,
  'query-chardev': true,
  'query-cpus-fast': true,
  migrate: true,
  migrate_cancel: true,
  'query-migrate': true,
  'query-migrate-capabilities': true,
  'migrate-set-capabilities': true,
  'x-query-usb': true,
  device_add: true,
  device_del: true,
  'device-list-properties': true,
  'object-add': true,
  'object-del': true,
  'qom-list': true,
  'qom-get': true,
  'qom-set': true,
  'qom-list-types': true,
  'blockdev-add': true,
  'blockdev-del': true,
  'snapshot-save': true,
  'snapshot-load': true,
  'snapshot-delete': true,
  'query-jobs': true,
  'job-dismiss': true,
  'human-monitor-command': true,
  cont: true,
  stop: true,
  quit: true,
  system_powerdown: true,
  system_reset: true,
};

describe('against a real QEMU', () => {
  test('the greeting tells the version that query-version tells', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    const { qemu: version, package: packaged } = await connection.execute('query-version');
    expect(connection.greeting).toEqual({ version, package: packaged, capabilities: ['oob'] });
    expect(connection.version.major).toBeGreaterThanOrEqual(5);
    expect(connection.oob).toBe(false);
  });

  test('every command that has a type is known', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    const known = (await connection.execute('query-commands')).map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(Object.keys(TYPED)));
  });

  test('typed answers have the members that their types promise', async () => {
    await using qemu = await startQemu(...XHCI, '-name', 'lab', '-drive', 'if=none,id=d0,driver=null-co');
    await using connection = await connect({ path: qemu.socket });
    await connection.execute('device_add', { driver: 'usb-tablet', id: 't', bus: 'xhci.0', port: '3' });
    expect(await connection.execute('query-status')).toMatchObject({ status: 'prelaunch', running: false });
    expect(await connection.execute('query-name')).toEqual({ name: 'lab' });
    expect(await connection.execute('query-kvm')).toMatchObject({ enabled: false });
    expect((await connection.execute('query-uuid')).UUID).toMatch(/^[0-9a-f-]{36}$/);
    expect((await connection.execute('query-pci'))[0]?.devices).toContainEqual(
      expect.objectContaining({ qdev_id: 'xhci', class_info: expect.objectContaining({ class: 0x0c03 }) }),
    );
    expect(await connection.execute('query-block')).toMatchObject([{ device: 'd0', inserted: { ro: false } }]);
    expect(await connection.execute('query-chardev')).toContainEqual(
      expect.objectContaining({ label: 'compat_monitor0', 'frontend-open': true }),
    );
    expect((await connection.execute('x-query-usb'))['human-readable-text']).toContain('Port 3');
    expect(await connection.execute('qom-get', { path: '/machine/peripheral/t', property: 'attached' })).toBe(true);
    expect(await connection.execute('qom-list', { path: '/machine/peripheral' })).toContainEqual({
      name: 't',
      type: 'child<usb-tablet>',
    });
    expect(await connection.execute('device-list-properties', { typename: 'usb-tablet' })).toContainEqual(
      expect.objectContaining({ name: 'usb_version', type: 'uint32' }),
    );
    expect(await connection.execute('qom-list-types', { implements: 'usb-device', abstract: false })).toContainEqual(
      expect.objectContaining({ name: 'usb-tablet' }),
    );
    expect(await connection.execute('human-monitor-command', { 'command-line': 'info usb' })).toContain('Port 3');
  });

  test('an answer of several hundred kilobytes arrives whole', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    const schema = await connection.execute('query-qmp-schema');
    expect(JSON.stringify(schema).length).toBeGreaterThan(100_000);
    expect(schema.map(({ name }) => name)).toContain('device_add');
  });

  test('fifty commands in flight are answered in the order of the calls', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    const order: number[] = [];
    const calls = Array.from({ length: 50 }, (_, index) =>
      connection.execute('query-status').then(() => order.push(index)),
    );
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('a refused command keeps class and desc, and the session goes on', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    await expect(connection.execute('device_del', { id: 'nope' })).rejects.toMatchObject({
      name: 'QmpCommandError',
      errorClass: 'DeviceNotFound',
      desc: "Device 'nope' not found",
      arguments: { id: 'nope' },
    });
    await expect(connection.executeAny('no-such')).rejects.toMatchObject({ errorClass: 'CommandNotFound' });
    expect(await connection.execute('query-name')).toEqual({});
  });

  test('text that QEMU cannot parse is refused before it is sent; odd but whole text arrives', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    await expect(connection.execute('device_del', { id: '\ud800' })).rejects.toMatchObject({ code: 'qmp-unsendable' });
    const id = 'ä😀\n\u0001"\\ud800\u2028';
    await expect(connection.execute('device_del', { id })).rejects.toMatchObject({ desc: `Device '${id}' not found` });
  });

  test('nesting that QEMU refuses to parse is answered without an id, and still ends the call', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    const deep = JSON.parse(`${'['.repeat(1100)}${']'.repeat(1100)}`);
    await expect(connection.executeAny('qom-set', { path: '/', property: 'x', value: deep })).rejects.toMatchObject({
      name: 'QmpCommandError',
      command: 'qom-set',
    });
  });

  test('a wait that was armed before device_del gets the DEVICE_DELETED of this device', async () => {
    await using qemu = await startQemu(...XHCI);
    await using connection = await connect({ path: qemu.socket });
    for (const id of ['a', 'b']) await connection.execute('device_add', { driver: 'usb-mouse', id, bus: 'xhci.0' });
    using gone = connection.waitFor('DEVICE_DELETED', ({ data }) => data.device === 'b', { timeout: PATIENCE });
    await Promise.all([connection.execute('device_del', { id: 'a' }), connection.execute('device_del', { id: 'b' })]);
    expect((await gone.promise).data).toEqual({ device: 'b', path: '/machine/peripheral/b' });
  });

  test('out-of-band is granted, and QEMU itself says which commands may use it', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket }, { oob: true });
    expect(connection.oob).toBe(true);
    const pause = connection.executeAny('migrate-pause', undefined, { oob: true });
    await expect(pause).rejects.toMatchObject({ desc: expect.stringContaining('postcopy') });
    const status = connection.execute('query-status', {}, { oob: true });
    await expect(status).rejects.toMatchObject({ desc: expect.stringContaining('does not support OOB') });
  });

  test('a second client is told that the socket is busy, and the fix names the process that holds it', async () => {
    await using qemu = await startQemu(...NONE);
    await using holder = await holdSocket(qemu.socket);
    const error = await failure(connect({ path: qemu.socket }, { timeout: 300 }));
    expect(error).toMatchObject({ code: 'qmp-busy', findings: [{ evidence: { timeout: 300 } }] });
    const fix = words(error.findings[0]).fix ?? '';
    expect(execFileSync('sh', ['-c', fix], { encoding: 'utf8' })).toContain(`pid=${holder.pid},`);
  });

  test('when others wait already, a client is told at once', async () => {
    await using qemu = await startQemu(...NONE);
    await using first = await connect({ path: qemu.socket });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const waiting = [connect({ path: qemu.socket }, options), connect({ path: qemu.socket }, options)];
    const error = await failure(connect({ path: qemu.socket }));
    expect(error).toMatchObject({ code: 'qmp-busy', cause: { code: 'EAGAIN' } });
    controller.abort();
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await first.execute('query-name')).toEqual({});
  });

  test('once the first client left, the next one is served', async () => {
    await using qemu = await startQemu(...NONE);
    const first = await connect({ path: qemu.socket });
    const next = connect({ path: qemu.socket });
    await first.close();
    await using second = await next;
    expect(await second.execute('query-name')).toEqual({});
  });

  test('the human monitor is told apart from QMP', async () => {
    await using qemu = await startQemu(...NONE, '-monitor', 'tcp:127.0.0.1:0,server=on,wait=off');
    await using connection = await connect({ path: qemu.socket });
    const monitor = (await connection.execute('query-chardev')).find(({ filename }) => filename.includes('tcp:'));
    const port = Number(/:(\d+)/.exec(monitor?.filename.replace('127.0.0.1', '') ?? '')?.[1]);
    await expect(connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'qmp-not-qmp',
      message: expect.stringContaining('human monitor'),
    });
  });

  test('QEMU killed in mid-command: the call is rejected, and closed says that it just ended', async () => {
    await using qemu = await startQemu(...NONE);
    const connection = await connect({ path: qemu.socket });
    stopProcess(qemu);
    const call = connection.execute('query-status');
    qemu.process.kill('SIGKILL');
    await expect(call).rejects.toBeInstanceOf(QmpClosedError);
    // With unread data on its side the kernel answers with a reset, else with an end.
    expect(await connection.closed).toMatchObject({ reason: expect.stringMatching(/^(eof|error)$/) });
  });

  test('a QEMU that does not run answers nothing: time-out, and the session lives when it runs again', async () => {
    await using qemu = await startQemu(...NONE);
    await using connection = await connect({ path: qemu.socket });
    stopProcess(qemu);
    await expect(connection.execute('query-status', {}, { timeout: 100 })).rejects.toMatchObject({
      code: 'qmp-timeout',
    });
    qemu.process.kill('SIGCONT');
    expect(await connection.execute('query-name')).toEqual({});
  });

  test('quit: the answer comes, and closed carries the reason of SHUTDOWN', async () => {
    await using qemu = await startQemu(...NONE);
    const connection = await connect({ path: qemu.socket });
    await connection.execute('quit');
    expect(await connection.closed).toEqual({ reason: 'shutdown', cause: 'host-qmp-quit', guest: false });
  });
});

/** Sends SIGSTOP: the process is there, but does nothing. */
function stopProcess(qemu: PlainQemu): void {
  qemu.process.kill('SIGSTOP');
}

/** Another process that connects to the socket and stays. */
async function holdSocket(path: string): Promise<AsyncDisposable & { pid: number | undefined }> {
  const script = 'require("net").connect(process.argv[1]).on("data", () => console.log("held"))';
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function failure(connecting: Promise<unknown>): Promise<QmpConnectError> {
  const error = await connecting.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(QmpConnectError);
  return error as QmpConnectError;
}
