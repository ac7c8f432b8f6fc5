import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  megabits,
  portMask,
  type RedirDevice,
  type RedirPeer as RedirPeerAbilities,
  redirNegotiate,
  redirSpeeds,
} from '../../../src/qdev/index.js';
import { RawQemu } from '../harness/raw-qmp.js';
import { CAPS, RedirPeer } from '../harness/redir-peer.js';

/** One port of each kind of mask: xHCI both, SuperSpeed alone and USB 2 alone; EHCI; UHCI; behind a hub; EHCI with companion. */
const PORTS = [
  ['x.0', '1'],
  ['x.0', '3'],
  ['v.0', '1'],
  ['e.0', '1'],
  ['u.0', '1'],
  ['x.0', '2.1'],
  ['c.0', '1'],
] as const;

const bulk = { type: 'bulk', maxPacketSize: 512 } as const;
const interrupt = (maxPacketSize: number) => ({ type: 'interrupt', maxPacketSize }) as const;
const iso = { type: 'isochronous', maxPacketSize: 192 } as const;

const ALL: RedirPeerAbilities = { packetSizes: true, longBulk: true, longIds: true };

const DEVICES: readonly [string, RedirDevice, RedirPeerAbilities][] = [
  ['low, interrupt 8', { speed: 'low', endpoints: [interrupt(8)] }, ALL],
  ['full, bulk', { speed: 'full', endpoints: [bulk] }, ALL],
  ['full, iso', { speed: 'full', endpoints: [iso] }, ALL],
  ['high, bulk', { speed: 'high', endpoints: [bulk] }, ALL],
  ['high, interrupt 64', { speed: 'high', endpoints: [interrupt(64)] }, ALL],
  ['high, interrupt 65', { speed: 'high', endpoints: [bulk, interrupt(65)] }, ALL],
  ['high, interrupt 1025', { speed: 'high', endpoints: [interrupt(1025)] }, ALL],
  ['high, iso', { speed: 'high', endpoints: [iso] }, ALL],
  ['super, bulk', { speed: 'super', endpoints: [bulk] }, ALL],
  ['super, interrupt 1024', { speed: 'super', endpoints: [interrupt(1024)] }, ALL],
  ['super, interrupt 1025', { speed: 'super', endpoints: [interrupt(1025)] }, ALL],
  ['super, iso', { speed: 'super', endpoints: [iso] }, ALL],
  ['unknown speed, bulk', { speed: undefined, endpoints: [bulk] }, ALL],
  ['unknown speed, iso', { speed: undefined, endpoints: [iso] }, ALL],
  ['high, interrupt, sizes not told', { speed: 'high', endpoints: [interrupt(8)] }, { ...ALL, packetSizes: false }],
  ['super, interrupt, sizes not told', { speed: 'super', endpoints: [interrupt(8)] }, { ...ALL, packetSizes: false }],
  ['super, bulk, no long lengths', { speed: 'super', endpoints: [bulk] }, { ...ALL, longBulk: false }],
  ['low, no long ids', { speed: 'low', endpoints: [] }, { ...ALL, longIds: false }],
];

test('a redirected device attaches at every kind of port just as the model says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-redir-'));
  const socket = (i: number): string => join(folder, `${i}`);
  const controllers = [
    ...['qemu-xhci,id=x,p2=2,p3=3', 'qemu-xhci,id=v,p2=1,p3=0', 'usb-ehci,id=e', 'piix3-usb-uhci,id=u'],
    ...['ich9-usb-ehci1,id=c,addr=1d.7,multifunction=on', 'ich9-usb-uhci1,masterbus=c.0,addr=1d.0,multifunction=on'],
    ...['usb-hub,id=h,bus=x.0,port=2'],
  ];
  const redirs = PORTS.flatMap(([bus, port], i) => [
    ...['-chardev', `socket,id=r${i},path=${socket(i)},server=on,wait=off`],
    ...['-device', `usb-redir,id=d${i},chardev=r${i},bus=${bus},port=${port}`],
  ]);
  await using qemu = await RawQemu.start(['-M', 'pc', ...controllers.flatMap((one) => ['-device', one]), ...redirs]);
  const topology = await qemu.observe();
  const seen = topology.controllers.flatMap(({ devices }) => devices);
  // Without a peer they are there, hold their ports, and are not attached.
  expect(seen.filter(({ driver }) => driver === 'usb-redir').map(({ id, attached }) => `${id} ${attached}`)).toEqual(
    expect.arrayContaining(PORTS.map((_, i) => `d${i} false`)),
  );
  await qemu.ask('cont');
  const real: string[] = [];
  const expected: string[] = [];
  for (const [name, device, peer] of DEVICES) {
    const { mask } = redirSpeeds(device, peer);
    for (const [i, [bus, port]] of PORTS.entries()) {
      const caps: number[] = [CAPS.version, CAPS.filter];
      for (const key of ['packetSizes', 'longBulk', 'longIds'] as const) if (peer[key]) caps.push(CAPS[key]);
      using far = await RedirPeer.connect(socket(i), caps);
      far.announce(device.speed ?? 'unknown', device.endpoints);
      const attached = async () => {
        const reply = await qemu.ask('qom-get', { path: `/machine/peripheral/d${i}`, property: 'attached' });
        return 'ok' in reply && reply.ok === true;
      };
      await expect.poll(async () => far.rejected || (await attached()), { interval: 10 }).toBe(true);
      const text = JSON.stringify(await qemu.ask('human-monitor-command', { 'command-line': 'info usb' }));
      const speed = new RegExp(`Speed ([0-9.]+) Mb/s, Product [^\\\\]*, ID: d${i}\\\\r`).exec(text)?.[1];
      real.push(`${name} at ${bus} ${port}: ${far.rejected ? 'rejected' : speed}`);
      const predicted = redirNegotiate(mask, portMask(topology, bus, port) ?? 0, peer);
      expected.push(`${name} at ${bus} ${port}: ${predicted === undefined ? 'rejected' : megabits(predicted)}`);
      far[Symbol.dispose]();
      await expect.poll(attached, { interval: 10 }).toBe(false);
    }
  }
  expect(real).toEqual(expected);
  rmSync(folder, { recursive: true });
});
