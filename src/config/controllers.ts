import { type Finding, finding } from '../diag/index.js';
import { controllerModel, resolveControllerModel } from '../qdev/index.js';
import { countedIds, type Ids } from './ids.js';
import type { RawController } from './raw.js';
import type { ControllerWish, Pointer } from './vm-file.js';

/** The group that QEMU's `-usb` creates on q35: an EHCI with three UHCI companions. */
const GROUP = 'ich9';

/** QEMU gives an xHCI 4 ports by default; 15 cost nothing. */
const XHCI_PORTS = 15;

/** The default id of a controller. */
function baseId(model: string): string {
  return /xhci|ehci|uhci|ohci/.exec(model)?.[0] ?? GROUP;
}

/**
 * Expands one entry into a wish for each of its `count`, with aliases resolved.
 *
 * @param id - the id of the first
 */
export function controllerWishes(raw: RawController, id: string, pointer: Pointer): ControllerWish[] {
  const model = raw.model === GROUP ? GROUP : (resolveControllerModel(raw.model) ?? raw.model);
  const isXhci = controllerModel(model)?.ports.rule === 'xhci';
  const wish = {
    model,
    ports: raw.ports,
    p2: isXhci ? (raw.p2 ?? raw.ports ?? XHCI_PORTS) : undefined,
    p3: isXhci ? (raw.p3 ?? raw.ports ?? XHCI_PORTS) : undefined,
    pointer,
  };
  return countedIds(id, raw.count ?? 1).map((one) => ({ id: one, ...wish }));
}

/** @returns the errors in the port numbers of a controller */
export function checkPorts(
  raw: RawController,
  wish: ControllerWish,
  locateKey: (key: string) => Finding['location'],
): Finding[] {
  const rule = controllerModel(wish.model)?.ports.rule;
  const settable = rule === 'xhci' ? ['ports', 'p2', 'p3'] : rule === 'ohci' ? ['ports'] : [];
  const findings = (['ports', 'p2', 'p3'] as const)
    .filter((key) => raw[key] !== undefined && !settable.includes(key))
    .map((key) => finding('ports-fixed', { model: wish.model, key }, { location: locateKey(key) }));
  if (wish.p2 === 0 && wish.p3 === 0) {
    findings.push(finding('ports-none', { id: wish.id }, { location: locateKey('p3') }));
  }
  return findings;
}

/** @returns the id of an entry: its own, checked together with the ids of its further controllers, or a free one from its model */
export function controllerId(raw: RawController, ids: Ids, location: NonNullable<Finding['location']>): string {
  if (raw.id !== undefined) {
    for (const id of countedIds(raw.id, raw.count ?? 1)) ids.claim(id, location);
    return raw.id;
  }
  const model = resolveControllerModel(raw.model) ?? raw.model;
  return ids.make(baseId(model), location, raw.count ?? 1);
}
