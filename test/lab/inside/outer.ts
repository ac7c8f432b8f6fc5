import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstSector, type MachineFacts, type QemuDevice } from '../shared.js';
import { type LabDevice, readDevices, settled } from './devices.js';
import { Qmp } from './qmp-client.js';
import { until } from './until.js';

/** The facts that the outside gave the lab when it made it. */
export const facts: MachineFacts = JSON.parse(readFileSync('/out/machine.json', 'utf8'));

/** Plugs devices into the machine that the lab runs on, and unplugs them, as a person would do at its ports. */
export class Outer implements Disposable {
  readonly qmp: Qmp;
  /** Devices that are plugged in now and were not at boot. */
  readonly #added = new Set<string>();
  /** Devices of the boot that are unplugged now. */
  readonly #pulled = new Set<string>();
  readonly #disks: string[] = [];

  private constructor(qmp: Qmp) {
    this.qmp = qmp;
  }

  static async open(): Promise<Outer> {
    return new Outer(await Qmp.overPort());
  }

  /**
   * Plugs a device in and waits until the kernel has it.
   *
   * @param device - `port` may name a port of a hub: `5.2`
   * @returns the device in sysfs
   */
  async plug(device: QemuDevice): Promise<LabDevice> {
    const before = new Set(readDevices().map(identity));
    await this.qmp.execute('device_add', device);
    if (!this.#pulled.delete(device.id)) this.#added.add(device.id);
    const appeared = () => readDevices().find((one) => !before.has(identity(one)));
    const { name } = await until(`a new USB device after plugging ${device.id}`, appeared);
    // The kernel shows a device some time before it binds the drivers.
    return await until(`drivers of ${name}`, () => readDevices().find((one) => one.name === name && settled(one)));
  }

  /** Plugs in a device of the boot again, as it was. */
  async plugBack(id: string): Promise<LabDevice> {
    const device = facts.spec.devices.find((one) => one.id === id);
    if (!device) throw new Error(`the lab was not booted with a device "${id}"`);
    return await this.plug(device);
  }

  /**
   * Unplugs a device, and with a hub all devices behind it; waits until QEMU has deleted it and the kernel no longer shows it.
   *
   * @returns the names in sysfs that are gone
   */
  async pull(id: string): Promise<string[]> {
    const before = readDevices();
    const seen = this.qmp.events.length;
    await this.qmp.execute('device_del', { id });
    const deleted = () =>
      this.qmp.events.slice(seen).some((event) => event['event'] === 'DEVICE_DELETED' && deviceOf(event) === id);
    await until(`DEVICE_DELETED of ${id}`, deleted);
    if (!this.#added.delete(id)) this.#pulled.add(id);
    const gone = (): string[] => {
      const now = new Set(readDevices().map(identity));
      return before.filter((one) => !now.has(identity(one))).map((one) => one.name);
    };
    return await until(`a USB device less after pulling ${id}`, () => (gone().length > 0 ? gone() : undefined));
  }

  /** Makes a disk for a `usb-storage` with `drive: name`, of 1 MiB; `firstSector(name)` gives its first sector. */
  async addDisk(name: string): Promise<void> {
    writeFileSync(`/out/${name}.img`, firstSector(name));
    truncateSync(`/out/${name}.img`, 1 << 20);
    const file = { driver: 'file', filename: join(facts.out, `${name}.img`) };
    await this.qmp.execute('blockdev-add', { driver: 'raw', 'node-name': name, file });
    this.#disks.push(name);
  }

  /** Brings the machine back to its state at boot. */
  async restore(): Promise<void> {
    for (const id of [...this.#added].reverse()) {
      this.#added.delete(id);
      await this.pull(id).catch(() => undefined); // it went with its hub
      this.#pulled.delete(id);
    }
    for (const name of this.#disks.splice(0)) await this.qmp.execute('blockdev-del', { 'node-name': name });
    for (const id of [...this.#pulled]) await this.plugBack(id);
  }

  [Symbol.dispose](): void {
    this.qmp[Symbol.dispose]();
  }
}

/** Differs when a device was pulled and plugged in again at the same port. */
function identity(device: LabDevice): string {
  return `${device.name} ${device.address}`;
}

function deviceOf(event: { [key: string]: unknown }): unknown {
  return (event['data'] as { device?: unknown } | undefined)?.device;
}
