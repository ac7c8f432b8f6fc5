import { isHubPortCount } from '../models/index.js';
import { MAX_HUB_CHAIN, portDepth } from '../port-path.js';
import { negotiate, type Speed, type SpeedMask } from '../speed.js';
import type { Topology } from '../topology.js';
import { portsOf } from '../topology-query.js';

/**
 * Why QEMU refuses a USB device on a named port, in the order in which it looks: the bus (system/qdev-monitor.c), the port
 * (hw/usb/bus.c, usb_claim_port; QEMU says "not found (in use?)" for both), a hub's port count and its depth
 * (hw/usb/dev-hub.c), and last the speeds (hw/usb/bus.c, usb_check_attach).
 */
export type DeviceRefusal =
  | 'no-such-bus'
  | 'no-such-port'
  | 'port-in-use'
  | 'hub-size'
  | 'hub-too-deep'
  | 'speed-mismatch';

/** What becomes of a device on a port: the speed at which QEMU attaches it, or why QEMU refuses it. */
export type DeviceOutcome = { readonly speed: Speed } | { readonly refused: DeviceRefusal };

/**
 * @param device.mask - the speeds at which QEMU attaches it; 0 for one that it attaches nowhere
 * @param device.hubPorts - for a usb-hub: the port count that qplug asks for
 * @param port - QEMU's path. QEMU compares it as text: `02`, `1.` and the empty text are not ports.
 */
export function predictDevice(
  topology: Topology,
  device: { readonly mask: SpeedMask; readonly hubPorts?: number | undefined },
  bus: string,
  port: string,
): DeviceOutcome {
  const controller = topology.controllers.find((one) => one.bus === bus);
  if (controller === undefined) return { refused: 'no-such-bus' };
  const found = portsOf(controller).find((view) => view.port === port);
  if (found === undefined) return { refused: 'no-such-port' };
  if (found.occupant !== undefined) return { refused: 'port-in-use' };
  if (device.hubPorts !== undefined) {
    if (!isHubPortCount(device.hubPorts)) return { refused: 'hub-size' };
    if (portDepth(port) > MAX_HUB_CHAIN) return { refused: 'hub-too-deep' };
  }
  const speed = negotiate(device.mask, found.mask);
  return speed === undefined ? { refused: 'speed-mismatch' } : { speed };
}
