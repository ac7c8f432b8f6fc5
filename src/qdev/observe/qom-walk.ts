import { controllerModel, emulatedModel } from '../models/index.js';
import { within } from './limits.js';
import { childType, listed, type QomProperty, qomList, type Reading } from './query.js';

/** An object of QEMU's tree that may have to do with USB: a bus, or a device that is not known to be something else. */
export interface QomNode {
  readonly path: string;
  /** QOM type; `` for the containers at the top. */
  readonly type: string;
  /** The node that owns it. */
  readonly parent: QomNode | undefined;
  /** Its own name below the parent. For a bus that is the name of the bus. */
  readonly name: string;
  readonly properties: readonly QomProperty[];
}

const START = ['/machine', '/machine/peripheral', '/machine/peripheral-anon', '/machine/unattached'];

/**
 * Walks QEMU's object tree from /machine down, one batch of `qom-list` a level. A board's controllers can be anywhere in it
 * (/machine/unattached/device[18], /machine/soc/usb[0]/dwc3-xhci), so this reads all of it except what cannot hold a USB bus.
 *
 * @returns the nodes, containers first; an object that vanished meanwhile is a node without properties
 * @throws QplugError `qemu-tree-too-large` above a limit of limits.ts, so that a tree without end does not keep qplug reading
 */
export function* walkQom(): Reading<QomNode[]> {
  const nodes: QomNode[] = [];
  const seen = new Set(START);
  let level: Omit<QomNode, 'properties'>[] = START.map((path) => ({ path, type: '', parent: undefined, name: path }));
  for (let depth = 1; level.length > 0; depth++) {
    within('levels', depth);
    const replies = yield level.map((node) => qomList(node.path));
    const next: Omit<QomNode, 'properties'>[] = [];
    for (const [i, node] of level.entries()) {
      const parent: QomNode = { ...node, properties: listed(replies[i]) };
      nodes.push(parent);
      for (const property of parent.properties) {
        const type = childType(property);
        const path = `${parent.path}/${property.name}`;
        if (type === undefined || cannotHoldUsb(type) || seen.has(path)) continue;
        within('name-characters', path.length);
        seen.add(path);
        within('objects', seen.size);
        next.push({ path, type, parent, name: property.name });
      }
    }
    level = next;
  }
  return nodes;
}

/**
 * Parts of every PC that cannot hold a USB bus. QEMU takes nearly half a millisecond for each `qom-list`, so it pays to skip them.
 * The south bridges are not among them, because newer versions keep the default UHCI inside.
 */
const PC_PARTS: ReadonlySet<string> = new Set([
  ...['fw_cfg_io', 'System', 'ioapic', 'hpet', 'kvmvapic', 'mch', 'i440FX', 'i8257', 'i8042', 'ps2-kbd', 'ps2-mouse'],
  ...['isa-i8259', 'isa-pcspk', 'isa-pit', 'isa-fdc', 'mc146818rtc', 'port92', 'vmport', 'vmmouse', 'ich9-ahci'],
  ...['piix3-ide', 'ICH9-SMB', 'PIIX4_PM', 'smbus-eeprom', 'i2c-bus', 'ISA', 'IDE', 'SCSI', 'floppy-bus', 'base-xhci'],
]);

/** True for memory, interrupts, CPUs and the like, of which there are hundreds, and for devices that are known not to be controllers. */
function cannotHoldUsb(type: string): boolean {
  if (controllerModel(type) !== undefined || type === 'usb-bus') return false;
  return (
    PC_PARTS.has(type) ||
    emulatedModel(type) !== undefined ||
    /^(?:irq|usb-host|usb-redir|scsi-.*|virtio-.*|or-irq|split-irq|clock)$/.test(type) ||
    /(?:memory-region|-cpu)$/.test(type)
  );
}
