import { dirname, isAbsolute, resolve as resolvePath } from 'node:path';
import { type Finding, finding, nearest, type SourceLocation } from '../diag/index.js';
import { DEFAULT_HUB_PORTS } from '../qdev/index.js';
import { checkPorts, controllerId, controllerWishes } from './controllers.js';
import { resolveDevice } from './devices.js';
import { Ids } from './ids.js';
import { defaultMachine, defaultName, formatOf } from './name.js';
import type { RawDrive, RawUsb, RawVmFile } from './raw.js';
import type { Source } from './source.js';
import type { ControllerWish, DeviceWish, Drive, HubWish, Pointer, UsbSection, VmFile } from './vm-file.js';

const DEFAULT_BINARY = 'qemu-system-x86_64';

/** A VM file with its defaults, and its errors beyond the schema. */
export interface Resolved {
  readonly file: VmFile;
  readonly findings: readonly Finding[];
}

/**
 * Fills in defaults, and checks the parts that a schema can't check: ids, ports of controllers, properties.
 *
 * @param raw - conforms to the schema
 * @param path - the file, absolute: relative names in it start in its folder
 * @param source - for locations
 */
export function resolveVmFile(raw: RawVmFile, path: string, source: Source): Resolved {
  return new Resolver(raw, path, source).run();
}

class Resolver {
  readonly #raw: RawVmFile;
  readonly #path: string;
  readonly #source: Source;
  readonly #ids = new Ids();
  readonly #findings: Finding[] = [];

  constructor(raw: RawVmFile, path: string, source: Source) {
    this.#raw = raw;
    this.#path = path;
    this.#source = source;
  }

  run(): Resolved {
    const raw = this.#raw;
    const binary = raw.qemu?.binary ?? DEFAULT_BINARY;
    // Given ids come first: generated ids avoid them, wherever they are in the file.
    this.#claimDrives();
    const usb = this.#usb(raw.usb ?? {});
    const file: VmFile = {
      path: this.#path,
      name: raw.name ?? this.#nameFromFile(),
      machine: raw.machine ?? defaultMachine(binary),
      accel: raw.accel ?? ['kvm', 'tcg'],
      memory: typeof raw.memory === 'number' ? `${raw.memory}M` : (raw.memory ?? '512M'),
      cpus: raw.cpus ?? 1,
      drives: (raw.drives ?? []).map((drive, i) => this.#drive(drive, i)),
      qemu: {
        binary: binary.includes('/') ? this.#absolute(binary) : binary,
        args: raw.qemu?.args ?? [],
        user: raw.qemu?.user,
        sandbox: raw.qemu?.sandbox,
      },
      usb,
      locate: (pointer) => this.#source.locate(pointer),
    };
    this.#checkAccel(file.accel);
    return { file, findings: [...this.#findings, ...this.#ids.findings] };
  }

  #add(found: Finding): void {
    this.#findings.push(found);
  }

  #at(pointer: Pointer): SourceLocation {
    return this.#source.locate(pointer);
  }

  /** Pairs each entry of a list with its position in the file. */
  #entries<T>(list: readonly T[] | undefined, ...pointer: Pointer): { entry: T; pointer: Pointer }[] {
    return (list ?? []).map((entry, i) => ({ entry, pointer: [...pointer, i] }));
  }

  #absolute(file: string): string {
    return isAbsolute(file) ? file : resolvePath(dirname(this.#path), file);
  }

  #nameFromFile(): string {
    const { name, valid } = defaultName(this.#path);
    // An invalid name has its own finding: then the file has a `name`, although the repair removed it.
    if (!valid && this.#source.written(['name']) === undefined) {
      this.#add(finding('name-from-file', { name }, { location: this.#at([]) }));
    }
    return name;
  }

  #checkAccel(accel: readonly string[]): void {
    const known = ['kvm', 'tcg', 'xen', 'qtest'];
    for (const { entry, pointer } of this.#entries(accel, 'accel')) {
      const value = entry.split(',', 1)[0] ?? '';
      if (known.includes(value)) continue;
      const evidence = { key: pointer.join('.'), value, known, nearest: nearest(value, known) };
      this.#add(finding('value-unknown', evidence, { location: this.#at(pointer) }));
    }
  }

  #claimDrives(): void {
    for (const { entry, pointer } of this.#entries(this.#raw.drives, 'drives')) {
      if (entry.id !== undefined) this.#ids.claim(entry.id, this.#at([...pointer, 'id']));
    }
  }

  #drive(drive: RawDrive, i: number): Drive {
    const pointer: Pointer = ['drives', i];
    return {
      file: this.#absolute(drive.file),
      interface: drive.interface ?? 'virtio',
      format: drive.format ?? formatOf(drive.file),
      readonly: drive.readonly ?? false,
      id: drive.id ?? this.#ids.number('drive', i, this.#at(pointer)),
      pointer,
    };
  }

  #usb(usb: RawUsb): UsbSection {
    const controllers = this.#entries(usb.controllers, 'usb', 'controllers');
    const hubs = this.#entries(usb.hubs, 'usb', 'hubs');
    const devices = this.#entries(usb.devices, 'usb', 'devices');
    for (const { entry, pointer } of [...hubs, ...devices]) {
      const id = typeof entry === 'string' || !('id' in entry) ? undefined : entry.id;
      if (id !== undefined) this.#ids.claim(id, this.#at([...pointer, 'id']));
    }
    const named = new Map<Pointer, string>();
    for (const wanted of [true, false]) {
      for (const { entry, pointer } of controllers.filter(({ entry }) => (entry.id !== undefined) === wanted)) {
        named.set(pointer, controllerId(entry, this.#ids, this.#at([...pointer, 'id'])));
      }
    }
    const wishes: ControllerWish[] = controllers.flatMap(({ entry, pointer }) => {
      const made = controllerWishes(entry, named.get(pointer) ?? '', pointer);
      const [first] = made;
      if (first !== undefined) {
        for (const found of checkPorts(entry, first, (key) => this.#source.locateKey([...pointer, key])))
          this.#add(found);
      }
      return made;
    });
    return {
      controllers: usb.controllers === undefined ? undefined : wishes,
      hubs: hubs.map(({ entry, pointer }): HubWish => {
        const id = entry.id ?? this.#ids.make('hub', this.#at(pointer));
        const { controller, port, ports = DEFAULT_HUB_PORTS } = entry;
        return { id, controller, port: String(port), ports, pointer };
      }),
      grow: {
        hubs: usb.grow?.includes('hubs') ?? true,
        controllers: usb.grow?.includes('controllers') ?? true,
      },
      reserve: usb.reserve ?? 4,
      devices: devices.map(({ entry, pointer }): DeviceWish => {
        const { wish, findings } = resolveDevice(entry, pointer, {
          absolute: (file) => this.#absolute(file),
          makeId: (base) => this.#ids.make(base, this.#at(pointer)),
          source: this.#source,
          format: formatOf,
        });
        for (const found of findings) this.#add(found);
        return wish;
      }),
      allow: usb.allow,
      deny: usb.deny ?? [],
    };
  }
}
