import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Monitor, QemuProcess } from '../../../src/processes/index.js';
import { qemuAt } from '../../../src/processes/index.js';
import { ASKED, type AskedQemu, askedQemu, NO_MACHINE, spokenAt } from './asked-qemu.js';

/** A QEMU's command line as qplug reads it, beside what that QEMU does. */
interface Case {
  readonly words: readonly string[];
  /** The monitors that qplug reads: short, as `short` writes them. */
  readonly monitors: readonly string[];
  /** Label and name of the character device behind each, as QEMU tells them. */
  readonly chardevs: Readonly<Record<string, string>>;
}

const unix = (path: string) => `disconnected:unix:${path},server=on`;

const CASES: Readonly<Record<string, Case>> = {
  '-qmp with a path': {
    words: ['-qmp', 'unix:a.sock,server=on,wait=off'],
    monitors: ['qmp unix a.sock'],
    chardevs: { compat_monitor0: unix('a.sock') },
  },
  '-qmp-pretty, flags of old': {
    words: ['-qmp-pretty', 'unix:a.sock,server,nowait'],
    monitors: ['qmp unix a.sock'],
    chardevs: { compat_monitor0: unix('a.sock') },
  },
  'two dashes, and a comma in the path': {
    words: ['--qmp', 'unix:a,,b.sock,server=on,wait=off'],
    monitors: ['qmp unix a,b.sock'],
    chardevs: { compat_monitor0: unix('a,b.sock') },
  },
  '-monitor': {
    words: ['-monitor', 'unix:h.sock,server=on,wait=off'],
    monitors: ['hmp unix h.sock'],
    chardevs: { compat_monitor0: unix('h.sock') },
  },
  'both, and one more': {
    words: [
      ...['-monitor', 'unix:h.sock,server=on,wait=off', '-qmp', 'unix:q.sock,server=on,wait=off'],
      ...['-qmp', 'unix:r.sock,server=on,wait=off'],
    ],
    monitors: ['hmp unix h.sock', 'qmp unix q.sock', 'qmp unix r.sock'],
    chardevs: { compat_monitor0: unix('h.sock'), compat_monitor1: unix('q.sock'), compat_monitor2: unix('r.sock') },
  },
  '-chardev and -mon in either order': {
    words: [
      ...['-mon', 'chardev=c,mode=control,pretty=on'],
      ...['-chardev', 'socket,id=c,path=a=b,,c.sock,server=on,wait=off'],
    ],
    monitors: ['qmp unix a=b,c.sock'],
    chardevs: { c: unix('a=b,c.sock') },
  },
  '-mon with its id alone': {
    words: ['-chardev', 'socket,path=m.sock,server=yes,wait=no,id=c', '-mon', 'c'],
    monitors: ['hmp unix m.sock'],
    chardevs: { c: unix('m.sock') },
  },
  '-mon mode=readline': {
    words: ['-chardev', 'backend=socket,id=c,path=m.sock,server=on,wait=off', '-mon', 'mode=readline,chardev=c'],
    monitors: ['hmp unix m.sock'],
    chardevs: { c: unix('m.sock') },
  },
  'chardev:ID': {
    words: ['-chardev', 'socket,id=c,path=c.sock,server=on,wait=off', '-qmp', 'chardev:c'],
    monitors: ['qmp unix c.sock'],
    chardevs: { c: unix('c.sock') },
  },
  'a property that is given twice': {
    words: ['-chardev', 'socket,id=c,path=one.sock,path=two.sock,server=on,wait=off', '-mon', 'c,mode=control'],
    monitors: ['qmp unix two.sock'],
    chardevs: { c: unix('two.sock') },
  },
  '-set': {
    words: [
      ...['-chardev', 'socket,id=c,path=one.sock,server=on,wait=off', '-mon', 'c,mode=control'],
      ...['-set', 'chardev.c.path=two.sock'],
    ],
    monitors: ['qmp unix two.sock'],
    chardevs: { c: unix('two.sock') },
  },
  'an abstract name': {
    words: ['-chardev', 'socket,id=c,path=qplug-abstract-test,abstract=on,server=on,wait=off', '-mon', 'c'],
    monitors: ['hmp other unix:qplug-abstract-test,abstract=on'],
    chardevs: { c: 'disconnected:unix:qplug-abstract-test,abstract=on,tight=on,server=on' },
  },
  'what nobody else can reach': {
    words: ['-monitor', 'null', '-qmp', 'vc', '-qmp', 'file:out.txt'],
    monitors: ['hmp other null', 'qmp other vc', 'qmp other file:out.txt'],
    chardevs: { compat_monitor0: 'null', compat_monitor1: 'vc', compat_monitor2: 'file' },
  },
  'no monitor': { words: ['-monitor', 'none'], monitors: [], chardevs: {} },
  'no defaults': { words: ['-nodefaults'], monitors: [], chardevs: {} },
  'QEMU’s own monitor': { words: [], monitors: ['hmp other vc'], chardevs: { compat_monitor0: 'vc' } },
  'QEMU’s own monitor of -nographic': {
    words: ['-nographic'],
    monitors: ['hmp other stdio'],
    chardevs: { compat_monitor0: 'stdio' },
  },
  'a monitor beside a serial line': {
    words: ['-nodefaults', '-serial', 'mon:unix:s.sock,server=on,wait=off'],
    monitors: ['hmp unix s.sock'],
    chardevs: { 'serial0-base': unix('s.sock'), serial0: 'mux' },
  },
  'a monitor that is multiplexed': {
    words: ['-monitor', 'mon:unix:s.sock,server=on,wait=off'],
    monitors: ['hmp unix s.sock'],
    chardevs: { 'compat_monitor0-base': unix('s.sock'), compat_monitor0: 'mux' },
  },
  'a name that looks like an option': {
    words: ['-name', '-qmp', '-monitor', 'unix:h.sock,server=on,wait=off'],
    monitors: ['hmp unix h.sock'],
    chardevs: { compat_monitor0: unix('h.sock') },
  },
};

function short({ protocol, place }: Monitor): string {
  const where = {
    unix: () => (place.kind === 'unix' ? `${place.path}${place.listens ? '' : ' (client)'}` : ''),
    tcp: () => (place.kind === 'tcp' ? `${place.host}:${place.port}${place.listens ? '' : ' (client)'}` : ''),
    fd: () => (place.kind === 'fd' ? String(place.fd) : ''),
    other: () => (place.kind === 'other' ? place.what : ''),
  }[place.kind]();
  return `${protocol} ${place.kind} ${where}`;
}

function found({ pid }: AskedQemu): QemuProcess {
  const qemu = qemuAt(pid);
  if (qemu === undefined) throw new Error('no QEMU');
  return qemu;
}

/** All but the one that the test asks, which comes from a file. */
function monitorsOf(qemu: AskedQemu): readonly Monitor[] {
  const asked = join(qemu.folder, 'asked.sock');
  const { monitors } = found(qemu);
  const isAsked = ({ place }: Monitor): boolean => place.kind === 'unix' && place.path === asked;
  expect(monitors.filter(isAsked)).toEqual([{ protocol: 'qmp', place: { kind: 'unix', path: asked, listens: true } }]);
  return monitors.filter((one) => !isAsked(one));
}

/** What each listening monitor says when a client comes. */
async function checkSpoken(monitors: readonly Monitor[], folder: string): Promise<void> {
  for (const { protocol, place } of monitors) {
    if (place.kind === 'unix' && place.listens)
      expect(await spokenAt({ path: place.path.startsWith('/') ? place.path : join(folder, place.path) })).toBe(
        protocol,
      );
    if (place.kind === 'tcp' && place.listens)
      expect(await spokenAt({ host: place.host === '' ? '127.0.0.1' : place.host, port: place.port })).toBe(protocol);
  }
}

describe('the monitors of a command line are those that QEMU makes of it', () => {
  for (const [name, { words, monitors, chardevs }] of Object.entries(CASES)) {
    test(name, async () => {
      await using qemu = await askedQemu([...NO_MACHINE, ...words]);
      const { [ASKED]: _asked, ...others } = qemu.chardevs;
      expect(others).toEqual(chardevs);
      const read = monitorsOf(qemu);
      expect(read.map(short)).toEqual(monitors);
      await checkSpoken(read, qemu.folder);
    });
  }
});

describe('TCP', () => {
  test('a host and a port, none and all addresses, IPv6, telnet, a range, a service', async () => {
    const [one, two, three, four, five] = await freePorts(5);
    const inet6 = await hasInet6();
    await using qemu = await askedQemu([
      ...NO_MACHINE,
      ...['-qmp', `tcp:127.0.0.1:${one},server=on,wait=off`],
      ...['-monitor', `tcp::${two},server,nowait`],
      ...['-monitor', `telnet:localhost:${three},server,nowait,nodelay`],
      ...['-qmp', `tcp:127.0.0.1:${four},to=${(four ?? 0) + 8},server=on,wait=off`],
      ...['-qmp', 'tcp:127.0.0.1:0,server=on,wait=off'],
      ...(inet6
        ? ['-chardev', `socket,id=six,host=::1,port=${five},server=on,wait=off`, '-mon', 'six,mode=control']
        : []),
    ]);
    const read = monitorsOf(qemu);
    expect(read.map(short)).toEqual([
      `qmp tcp 127.0.0.1:${one}`,
      `hmp tcp :${two}`,
      `hmp other telnet:localhost:${three}`,
      `qmp other tcp:127.0.0.1:${four}`,
      'qmp other tcp:127.0.0.1:0',
      ...(inet6 ? [`qmp tcp ::1:${five}`] : []),
    ]);
    await checkSpoken(read, qemu.folder);
  });

  test('a QEMU that is the client', async () => {
    await using server = await listening();
    await using qemu = await askedQemu([...NO_MACHINE, '-qmp', `tcp:127.0.0.1:${server.port}`]);
    expect(monitorsOf(qemu).map(short)).toEqual([`qmp tcp 127.0.0.1:${server.port} (client)`]);
  });
});

test('an inherited descriptor', async () => {
  await using server = await listening();
  const words = ['-chardev', 'socket,id=c,fd=3,server=on,wait=off', '-mon', 'chardev=c,mode=control'];
  await using qemu = await askedQemu([...NO_MACHINE, ...words], { fd3: server.fd });
  expect(monitorsOf(qemu).map(short)).toEqual(['qmp fd 3']);
  expect(qemu.chardevs['c']).toContain(`127.0.0.1:${server.port}`);
});

test('a file of -readconfig, relative to its folder, with name, machine and monitors', async () => {
  await using qemu = await askedQemu((folder) => {
    writeFileSync(
      join(folder, 'vm.cfg'),
      [
        '# of a person',
        ...['[name]', '  guest = "from a file, with a comma"', '[machine]', '  type = "none"', ''],
        ...['[chardev "c"]', '  backend = "socket"', '  path = "cfg,.sock"', '  server = "on"', '  wait = "off"'],
        ...['[mon]', '  chardev = "c"', '  mode = "control"', ''],
      ].join('\n'),
    );
    return ['-S', '-display', 'none', '-readconfig', 'vm.cfg'];
  });
  const read = found(qemu);
  expect([read.name, read.machine]).toEqual(['from a file, with a comma', 'none']);
  expect(qemu.chardevs).toMatchObject({ c: unix('cfg,.sock'), compat_monitor0: 'vc' });
  const monitors = monitorsOf(qemu);
  expect(monitors.map(short)).toEqual(['qmp unix cfg,.sock', 'hmp other vc']);
  await checkSpoken(monitors, qemu.folder);
});

test('a daemon has left the folder of its relative paths', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qemu-daemon-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const words = ['-daemonize', '-pidfile', 'pid', '-qmp', 'unix:a.sock,server=on,wait=off'];
  const more = ['-qmp', `unix:${folder}/b.sock,server=on,wait=off`];
  execFileSync('qemu-system-x86_64', [...NO_MACHINE, ...words, ...more], { cwd: folder, stdio: 'ignore' });
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
  expect(await spokenAt({ path: join(folder, 'a.sock') })).toBe('qmp');
  expect(qemuAt(pid)?.monitors.map(short)).toEqual(['qmp other unix:a.sock', `qmp unix ${folder}/b.sock`]);
});

test('names and machines: the last of several, with and without their words', async () => {
  await using qemu = await askedQemu([
    ...['-name', 'a', '-name', 'process=b', '-name', 'guest=c,,d,debug-threads=on'],
    ...['-machine', 'q35,accel=tcg', '-M', 'type=none', '-S', '-display', 'none'],
  ]);
  expect(found(qemu)).toMatchObject({ name: 'c,d', machine: 'none', program: 'qemu-system-x86_64' });
});

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map(({ port }) => port);
  for (const server of servers) await server[Symbol.asyncDispose]();
  return ports;
}

async function listening(): Promise<AsyncDisposable & { readonly port: number; readonly fd: number }> {
  const server = createServer((client) => client.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return {
    port,
    fd,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

async function hasInet6(): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}
