import { describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { recallControllers } from '../../../../src/launcher/index.js';

const had = (...list: [id: string, address: string][]) => list.map(([id, address]) => ({ id, address }));

async function recalled(text: string, remembered: ReturnType<typeof had>) {
  const { chosen, growth } = recallControllers(await parseVmFile(text, '/vm/x.yaml'), remembered, new Set());
  const tell = (list: typeof chosen): string[] =>
    list.filter(({ masterbus }) => masterbus === undefined).map(({ id, address }) => `${id} ${address}`);
  return { chosen: tell(chosen), growth: tell(growth).slice(0, 2) };
}

const XHCI = '{model: qemu-xhci, id: x}';
const NEW = '{model: usb-ehci, id: new}';

describe('controllers find their PCI address again', () => {
  test('though another stands before them in the file by now', async () => {
    const { chosen } = await recalled(`usb: {controllers: [${NEW}, ${XHCI}]}`, had(['x', '10.0']));
    expect(chosen).toEqual(['new 11.0', 'x 10.0']);
  });

  test('and nobody gets the address of one that a plan had added', async () => {
    const old = had(['x', '10.0'], ['qplug-xhci1', '11.0']);
    const { chosen, growth } = await recalled(`usb: {controllers: [${XHCI}, ${NEW}]}`, old);
    expect(chosen).toEqual(['x 10.0', 'new 12.0']);
    expect(growth).toEqual(['qplug-xhci1 11.0', 'qplug-xhci2 13.0']);
  });

  test('ICH9 groups as well', async () => {
    const two = 'usb: {controllers: [{model: ich9, id: b}, {model: ich9, id: a}]}';
    expect((await recalled(two, had(['a', '1d.7']))).chosen).toEqual(['b 1a.7', 'a 1d.7']);
    expect((await recalled(two, [])).chosen).toEqual(['b 1d.7', 'a 1a.7']);
  });

  test.each([
    ['no address', 'x.y'],
    ['one that qplug never gives', '1f.0'],
    ['one beyond PCI', '20.0'],
  ])('%s is no memory', async (_, address) => {
    expect((await recalled(`usb: {controllers: [${XHCI}]}`, had(['x', address]))).chosen).toEqual(['x 10.0']);
  });

  test('an address that qemu.args has taken since is given up', async () => {
    const text = `{usb: {controllers: [${XHCI}]}, qemu: {args: [-device, "virtio-rng-pci,addr=0x12"]}}`;
    expect((await recalled(text, had(['x', '12.0']))).chosen).toEqual(['x 10.0']);
    expect((await recalled(text, had(['x', '13.0']))).chosen).toEqual(['x 13.0']);
    expect((await recalled(text, [])).growth).toEqual(['qplug-xhci1 11.0', 'qplug-xhci2 13.0']);
  });

  test('when all slots are needed, those of the absent are given out too', async () => {
    const many = `usb: {controllers: [{model: uhci, count: 16, id: u}]}`;
    const { chosen } = await recalled(many, had(['gone', '10.0']));
    expect(new Set(chosen.map((one) => one.split(' ')[1])).size).toBe(16);
  });
});
