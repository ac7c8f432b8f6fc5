import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { OracleQemu, type StandInDevice } from './harness/oracle-qemu.js';

/** Two interfaces with a bulk endpoint that needs streams: QEMU attaches it only to SuperSpeed ports. */
const device = (address: number, more: Partial<StandInDevice> = {}): StandInDevice => ({
  bus: 2,
  address,
  port: `1.${address}`,
  speed: 'super',
  vendorId: 0x1209,
  productId: address,
  configurations: [
    {
      interfaces: [0x81, 0x82].map((endpoint) => ({
        altSettings: [
          {
            class: 255,
            subclass: 0,
            protocol: 0,
            endpoints: [{ address: endpoint, type: 'bulk', maxPacketSize: 1024, streams: 4 }],
          },
        ],
      })),
    },
  ],
  ...more,
});

const start = (release: string, ...host: StandInDevice[]) =>
  OracleQemu.start({
    release,
    host,
    args: ['-machine', 'pc', '-device', 'qemu-xhci,id=x', '-device', 'piix3-usb-uhci,id=u'],
  });

const ON_XHCI = { driver: 'usb-host', id: 'a', bus: 'x.0', port: '1', hostbus: 2 };
const ON_UHCI = { driver: 'usb-host', id: 'a', bus: 'u.0', port: '1', hostbus: 2 };

describe.each(RELEASES)('usb-host of QEMU $name: what its host feels', ({ name: release }) => {
  test('a device too fast for the port has lost its drivers and is reset; the reason is on stderr alone', async () => {
    await using qemu = await start(release, device(7));
    const mark = qemu.stderrMark();
    expect(await qemu.ask('device_add', { ...ON_UHCI, hostaddr: 7 })).toEqual({
      error: { class: 'GenericError', desc: 'failed to open host usb device 2:7' },
    });
    expect(qemu.stderrSince(mark)).toMatch(
      /^(qemu-system-x86_64: )?Warning: speed mismatch trying to attach usb device "host:2\.7" \(super speed\) to bus "u\.0", port "1" \(full speed\)\n$/,
    );
    expect(await qemu.standInLog()).toEqual([
      '2.7 open',
      '2.7 detach-driver 0',
      '2.7 detach-driver 1',
      '2.7 reset',
      '2.7 attach-driver 0',
      '2.7 attach-driver 1',
      '2.7 close',
    ]);
  });

  test('interfaces that had no driver are offered to the drivers afterwards', async () => {
    await using qemu = await start(release, device(7, { drivers: false }));
    expect(await qemu.ask('device_add', { ...ON_UHCI, hostaddr: 7 })).toHaveProperty('error');
    expect(await qemu.standInLog()).toEqual([
      '2.7 open',
      '2.7 reset',
      '2.7 attach-driver 0',
      '2.7 attach-driver 1',
      '2.7 close',
    ]);
  });

  test('a device that may not be opened is left alone, in the same words', async () => {
    await using qemu = await start(release, device(7, { openError: -3 }));
    const mark = qemu.stderrMark();
    expect(await qemu.ask('device_add', { ...ON_XHCI, hostaddr: 7 })).toEqual({
      error: { class: 'GenericError', desc: 'failed to open host usb device 2:7' },
    });
    expect(qemu.stderrSince(mark)).toBe('');
    expect(await qemu.standInLog()).toEqual(['2.7 open error -3']);
  });

  test('a device that was pulled is not found, one that was plugged is', async () => {
    await using qemu = await start(release, device(7));
    await qemu.setHost([device(8)]);
    expect(await qemu.ask('device_add', { ...ON_XHCI, hostaddr: 7 })).toEqual({
      error: { class: 'GenericError', desc: 'failed to find host usb device 2:7' },
    });
    expect(await qemu.standInLog()).toEqual([]);
    expect(await qemu.ask('device_add', { ...ON_XHCI, hostaddr: 8 })).toEqual({ ok: {} });
  });

  test('a device that leaves the VM is reset and has its drivers again', async () => {
    await using qemu = await start(release, device(7));
    expect(await qemu.ask('device_add', { ...ON_XHCI, hostaddr: 7 })).toEqual({ ok: {} });
    const before = await qemu.standInLog();
    expect(before).toEqual(['2.7 open', '2.7 detach-driver 0', '2.7 detach-driver 1']);
    await qemu.remove('a');
    expect((await qemu.standInLog()).slice(before.length)).toEqual([
      '2.7 reset',
      '2.7 attach-driver 0',
      '2.7 attach-driver 1',
      '2.7 close',
    ]);
    expect((await qemu.observe()).ids.has('a')).toBe(false);
  });

  test('a device is given by its node', async () => {
    await using qemu = await start(release, device(7, { name: 'A stick, "fast"' }));
    const added = await qemu.ask('device_add', {
      driver: 'usb-host',
      id: 'a',
      bus: 'x.0',
      port: '2',
      hostdevice: qemu.hostNode(2, 7),
    });
    expect(added).toEqual({ ok: {} });
    const [controller] = (await qemu.observe()).controllers.filter(({ id }) => id === 'x');
    expect(controller?.devices).toMatchObject([{ id: 'a', port: '2', megabits: 5000, product: 'A stick, "fast"' }]);
  });

  test('a guest reads the descriptors, and takes the interfaces with a configuration of several', async () => {
    const keyboard = {
      interfaces: [
        {
          altSettings: [
            {
              class: 3,
              subclass: 1,
              protocol: 1,
              endpoints: [{ address: 0x81, type: 'interrupt' as const, maxPacketSize: 8, streams: 0 }],
            },
          ],
        },
      ],
    };
    await using qemu = await start(release, device(7, { speed: 'full', configurations: [keyboard, keyboard] }));
    expect(await qemu.ask('device_add', { ...ON_UHCI, hostaddr: 7 })).toEqual({ ok: {} });
    await qemu.ask('cont'); // the firmware looks for keyboards
    const wanted = [
      '2.7 control 80 06 0100 0000 8',
      '2.7 control 80 06 0200 0000 9',
      '2.7 control 80 06 0200 0000 25',
      '2.7 set-configuration 1',
      '2.7 claim 0',
      '2.7 control 21 0b 0000 0000 0',
    ];
    await expect.poll(() => qemu.standInLog()).toEqual(expect.arrayContaining(wanted));
    const seen = (await qemu.standInLog()).filter((line) => wanted.includes(line));
    expect(seen).toEqual(wanted);
  });
});
