import { FULL, LOW, megabits, type SpeedMask } from '../speed.js';
import type { AttachedDevice } from '../topology.js';

/** A usb-hub is a USB 1.1 hub: it attaches only at full speed (hw/usb/dev-hub.c). */
export const HUB_MASK: SpeedMask = FULL;

/** The speeds that the ports of a usb-hub take. QEMU emulates no transaction translator, so nothing behind a hub is above 12 Mb/s. */
export const HUB_PORT_MASK: SpeedMask = LOW | FULL;

export const MIN_HUB_PORTS = 1;
export const MAX_HUB_PORTS = 8;

/** How many ports QEMU gives a hub without `ports`. */
export const DEFAULT_HUB_PORTS = 8;

/** A usb-hub that qplug adds: a full-speed device with its own ports (hw/usb/dev-hub.c). */
export interface HubSpec {
  readonly id: string;
  readonly port: string;
  /** 1–8; default 8. QEMU before 4.1 always makes 8. */
  readonly ports?: number | undefined;
}

/** @returns whether QEMU makes a hub with this many ports; otherwise it says "num_ports (9) out of range (1..8)" */
export function isHubPortCount(ports: number): boolean {
  return Number.isInteger(ports) && ports >= MIN_HUB_PORTS && ports <= MAX_HUB_PORTS;
}

/** @returns a hub as it looks after QEMU has added it */
export function predictHub({ id, port, ports = DEFAULT_HUB_PORTS }: HubSpec): AttachedDevice {
  return {
    id,
    qomPath: undefined,
    driver: 'usb-hub',
    port,
    attached: true,
    megabits: megabits('full'),
    hubPorts: ports,
    host: undefined,
    product: 'QEMU USB Hub',
    automatic: false,
  };
}
