import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { OracleQemu, type StandInDevice } from './harness/oracle-qemu.js';
import { standInFile } from './harness/stand-in-device.js';

const DEVICE = 'device bus=1 address=2 port=1 speed=high vendor=1 product=2';
const SETTING = `${DEVICE}\nconfiguration\ninterface\nsetting class=3 subclass=1 protocol=1`;
const repeated = (count: number, line: string) => Array.from({ length: count }, () => `\n${line}`).join('');

/** A file, and the message with which QEMU ends when it reads it. */
const MALFORMED: readonly (readonly [file: string, complaint: RegExp])[] = [
  ['gadget', /:1: no such statement: gadget/],
  ['# one\n\n device bus=1', /:3: device without address/],
  [`${DEVICE} bus=2`, /:1: bus twice/],
  [`${DEVICE} colour=2`, /:1: device has no colour/],
  [`${DEVICE} name`, /:1: name is not KEY=VALUE/],
  [`${DEVICE} name=`, /:1: name= is not KEY=VALUE/],
  [`${DEVICE} name=a%4`, /:1: name: % stands before two hexadecimal digits/],
  [`${DEVICE} name=a/b`, /:1: name: \/ is written %2F/],
  [`${DEVICE} name=${'a'.repeat(127)}`, /:1: name of more than 126 bytes/],
  [DEVICE.replace('address=2', 'address=128'), /:1: address=128 is not a number from 1 to 127/],
  [DEVICE.replace('address=2', 'address=2x'), /:1: address=2x is not a number/],
  [DEVICE.replace('speed=high', 'speed=480'), /:1: speed=480 is none that is known/],
  [DEVICE.replace('port=1', 'port=1.'), /:1: port= is not a number/],
  [DEVICE.replace('port=1', 'port=1.2.3.4.5.6.7.8'), /:1: port of more than 7 numbers/],
  [`${DEVICE}\n${DEVICE}`, /:2: the device above is told twice: bus=1 address=2/],
  [`${DEVICE}\n${DEVICE} class=3`, /:2: the device above is told twice: bus=1 address=2/],
  ['configuration', /:1: configuration without a device above it/],
  [`${DEVICE}\ninterface`, /:2: interface without a configuration above it/],
  [`${DEVICE}\nconfiguration\nsetting class=1 subclass=1 protocol=1`, /:3: setting without an interface above it/],
  [`${DEVICE}\nconfiguration\ninterface\ninterface`, /:4: the interface above has no setting/],
  [`${DEVICE}\nconfiguration\ninterface`, /:3: the interface above has no setting/],
  [
    `${DEVICE}\nconfiguration\ninterface\nendpoint address=1 type=bulk packet=1`,
    /:4: endpoint without a setting above it/,
  ],
  [`${SETTING}\nendpoint address=1 type=fast packet=1`, /:5: type=fast is none that is known/],
  [`${SETTING}\nendpoint address=1 type=bulk packet=65536`, /:5: packet=65536 is not a number from 0 to 65535/],
  [`${SETTING}\nendpoint address=1 type=bulk packet=1 streams=32`, /:5: streams=32 is not a number from 0 to 31/],
  [SETTING + repeated(31, 'endpoint address=1 type=bulk packet=1'), /:35: more than 30 endpoints/],
  [`${SETTING}${repeated(256, 'setting class=1 subclass=1 protocol=1')}`, /:260: more than 256 settings/],
  [DEVICE + repeated(9, 'configuration'), /:10: more than 8 configurations/],
  [
    `${DEVICE}\nconfiguration${repeated(33, 'interface\nsetting class=1 subclass=1 protocol=1')}`,
    /:67: more than 32 interfaces/,
  ],
];

/** A VM whose command line makes QEMU read its host's devices. */
const LOOK = ['-machine', 'pc', '-device', 'qemu-xhci,id=x', '-device', 'usb-host,hostbus=9,hostaddr=9'];

describe('the file of the stand-in for libusb: a malformed line ends QEMU with its number', () => {
  test.each(MALFORMED.map(([file, complaint]) => ({ file, complaint })))('$complaint', async ({ file, complaint }) => {
    const started = OracleQemu.start({ release: '7.2', args: LOOK, host: file });
    const error = await started.then(
      () => undefined,
      (reason: Error) => reason.message,
    );
    expect(error).toMatch(/^QEMU ended with 70: usb stand-in: \//);
    expect(error).toMatch(complaint);
  });

  test('comments, indents, empty lines and hexadecimal numbers are read', async () => {
    const file = `# a host\n\n   ${DEVICE.replace('product=2', 'product=0xffff')}   class=0x9 \n  # no more`;
    await expect(OracleQemu.start({ release: '7.2', args: LOOK, host: file })).rejects.toThrow(
      /failed to find host usb device 9:9/,
    );
  });
});

/** Every field has a value of its own. */
const device: StandInDevice = {
  bus: 201,
  address: 127,
  port: '1.2.3.4.5.6.7',
  speed: 'super-plus',
  vendorId: 0xfedc,
  productId: 0xba98,
  deviceClass: 0xef,
  name: 'Gerät 1/2 ~%',
  configurations: [],
};

test.each(RELEASES)(
  'QEMU $name lists a device as it was told, its name in all its bytes',
  async ({ name: release }) => {
    expect(standInFile([device])).toContain('name=Ger%c3%a4t%201%2f2%20%7e%25');
    await using qemu = await OracleQemu.start({ release, args: ['-machine', 'pc'], host: [device] });
    // From 6.1 on, its code is a module that QEMU loads when a client asks for the model.
    await qemu.ask('device-list-properties', { typename: 'usb-host' });
    const reply = await qemu.ask('human-monitor-command', { 'command-line': 'info usbhost' });
    const speed = qemu.version.major < 6 ? '(null)' : '5000+';
    expect(reply).toEqual({
      ok: `  Bus 201, Addr 127, Port 1.2.3.4.5.6.7, Speed ${speed} Mb/s\r\n    Class ef: USB device fedc:ba98, Gerät 1/2 ~%\r\n`,
    });
  },
);
