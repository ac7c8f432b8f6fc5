import type { QemuDevice } from '../shared.js';
import { readDevices } from './devices.js';
import { facts, Outer } from './outer.js';

const usage = `lab devices                             what is plugged into the lab
lab free                                controllers of the lab's machine
lab plug DRIVER bus=x0.0 port=5 …       plug an emulated device in: usb-mouse, usb-hub, … (id=NAME, else DRIVER)
lab pull ID                             pull it
lab back ID                             plug in again what was there at boot`;

/** `usb-mouse bus=x0.0 port=5` → the arguments of device_add. */
function parseDevice([driver = '', ...words]: readonly string[]): QemuDevice {
  const pairs = words.map((word) => word.split(/=(.*)/s).slice(0, 2));
  return { driver, id: driver, ...Object.fromEntries(pairs) };
}

async function withOuter<T>(act: (outer: Outer) => Promise<T>): Promise<T> {
  using outer = await Outer.open();
  return await act(outer);
}

const commands: Record<string, (words: readonly string[]) => Promise<string>> = {
  async devices() {
    const lines = readDevices().map((one) => {
      const words = [one.name.padEnd(8), String(one.speed).padStart(5), one.id, one.product ?? '', one.serial ?? ''];
      return JSON.stringify(words.join('  ').trimEnd()).slice(1, -1); // control characters escaped
    });
    return lines.join('\n');
  },
  async free() {
    return facts.spec.devices
      .filter((one) => one['bus'] === undefined)
      .map((one) => JSON.stringify(one))
      .join('\n');
  },
  async plug(words) {
    const { name, speed } = await withOuter((outer) => outer.plug(parseDevice(words)));
    return `${name} at ${speed} Mb/s`;
  },
  async pull([id = '']) {
    return `gone: ${(await withOuter((outer) => outer.pull(id))).join(' ')}`;
  },
  async back([id = '']) {
    const { name, speed } = await withOuter((outer) => outer.plugBack(id));
    return `${name} at ${speed} Mb/s`;
  },
};

/** The command `lab` of a person inside the lab. */
export async function main([name = '', ...words]: readonly string[]): Promise<void> {
  const command = commands[name];
  if (!command) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  try {
    console.log(await command(words));
  } catch (error) {
    console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
