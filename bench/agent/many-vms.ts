import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openHost } from '../../src/access/index.js';
import { Agent } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import type { SysfsReader } from '../../src/host/index.js';
import { adopt } from '../../src/vm/index.js';
import { MODEM } from '../../test/oracle/harness/changing-host.js';
import { patience } from '../../test/patience.js';
import { env, folder, host, nodes } from './own-host.js';

/**
 * An agent with 100 adopted VMs, whose QMP sockets only greet, while a device comes and goes and inotify tells 10,000 changes. Prints as JSON
 * what that costs: looks, readings of the inventory, descriptors and memory before and after, and whether the last change was seen.
 */
const [VMS = 100, EVENTS = 10_000] = process.argv.slice(2).map(Number);
const MIB = 1024 * 1024;

let readings = 0;
const sysfs: SysfsReader = new Proxy(host.liveSysfs, {
  get: (reader, name) => {
    const value = Reflect.get(reader, name) as unknown;
    if (name !== 'list' || typeof value !== 'function') return value;
    return (path: string): unknown => {
      if (path === 'bus/usb/devices') readings++;
      return Reflect.apply(value, reader, [path]);
    };
  },
});
const bus = join(nodes, '001');

const GREETING = `{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n`;
const servers: Server[] = [];
try {
  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs });
  for (let vm = 0; vm < VMS; vm++) {
    const path = join(folder, `${vm}.sock`);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const { id } = JSON.parse(String(data).split('\n')[0] ?? '{}') as { id?: unknown };
        socket.write(`${JSON.stringify({ return: {}, id })}\r\n`);
      });
      socket.write(GREETING);
    });
    server.listen(path);
    servers.push(server);
    await adopt(path, `vm${vm}`, access, patience());
  }
  await using agent = await Agent.start(access, { signal: new AbortController().signal, nodes });
  await poll(() => agent.looks > 0, { interval: 5, signal: patience() });
  await delay(1000);
  const state = () => ({
    descriptors: readdirSync('/proc/self/fd').length,
    rss: Math.round(process.memoryUsage().rss / MIB),
    looks: agent.looks,
    readings,
  });
  const change = async (): Promise<number> => {
    const before = performance.now();
    for (let event = 0; event < EVENTS; event += 2) {
      const path = join(bus, '002');
      writeFileSync(path, '');
      rmSync(path);
      if (event % 100 === 0) host.plug(event % 200 === 0 ? { ...MODEM, address: 2 + (event % 100) } : undefined);
      // inotify is heard between two turns
      if (event % 20 === 0) await delay(0);
    }
    return performance.now() - before;
  };
  await change();
  await delay(1000);
  const before = state();
  const ms = await change();
  host.plug({ ...MODEM, address: 77 });
  writeFileSync(join(bus, '077'), '');
  const seen = async (): Promise<boolean> => {
    for await (const event of agent.log.read(Math.max(1, agent.log.next - 50), AbortSignal.timeout(200)))
      if (event.event === 'device-seen') return true;
    return false;
  };
  await poll(seen, { interval: 10, signal: patience() });
  await delay(1000);
  process.stdout.write(`${JSON.stringify({ vms: VMS, events: EVENTS, ms: Math.round(ms), before, after: state() })}\n`);
} finally {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
