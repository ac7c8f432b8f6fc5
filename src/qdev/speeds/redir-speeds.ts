import { FULL, HIGH, maskOf, negotiate, type Speed, type SpeedMask, SUPER } from '../speed.js';
import type { EndpointShape } from './descriptor-shape.js';

/** The abilities that the peer of a usb-redir announces in its hello (usbredirproto.h, usb_redir_cap_*). */
export interface RedirPeer {
  /** `ep_info_max_packet_size`: it sends the packet sizes of endpoints. */
  readonly packetSizes: boolean;
  /** `32bits_bulk_length`. */
  readonly longBulk: boolean;
  /** `64bits_ids`. */
  readonly longIds: boolean;
}

/** A device as a peer announces it: its speed, and the endpoints of the settings that it has at that moment. */
export interface RedirDevice {
  /** Undefined for a speed that the peer does not know. */
  readonly speed: Speed | undefined;
  readonly endpoints: readonly Pick<EndpointShape, 'type' | 'maxPacketSize'>[];
}

/**
 * The speeds at which a redirected device attaches (hw/usb/redirect.c, usbredir_device_connect and usbredir_ep_info). The rule is not
 * that of usb-host: bulk streams do not count, SCSI disks are not special, and only the endpoints that the peer announces count.
 *
 * @returns its mask and own speed. QEMU takes a speed that the peer does not know for full speed, but then allows high speed as well
 *   where the endpoints do.
 */
export function redirSpeeds(
  { speed, endpoints }: RedirDevice,
  peer: Pick<RedirPeer, 'packetSizes'>,
): { readonly mask: SpeedMask; readonly native: Speed } {
  const native = speed ?? 'full';
  const slower = endpoints.reduce((mask, endpoint) => mask & compatible(endpoint, peer.packetSizes), HIGH | FULL);
  const below = speed === 'low' ? 0 : speed === 'full' ? FULL : HIGH | FULL;
  return { mask: maskOf(native) | (slower & below), native };
}

/** Where the peer sends no packet sizes, every interrupt endpoint counts as too large. */
function compatible(
  { type, maxPacketSize }: Pick<EndpointShape, 'type' | 'maxPacketSize'>,
  packetSizes: boolean,
): SpeedMask {
  if (type === 'isochronous') return 0;
  if (type !== 'interrupt') return HIGH | FULL;
  if (!packetSizes || maxPacketSize > 1024) return 0;
  return maxPacketSize > 64 ? HIGH : HIGH | FULL;
}

/**
 * Decides at which speed a redirected device attaches to a port. A port that takes SuperSpeed takes only devices of a peer with all
 * three abilities, whatever their speed (usbredir_do_attach).
 *
 * @returns undefined where QEMU sends the peer a rejection. QMP does not report it: the usb-redir only stays unattached.
 */
export function redirNegotiate(mask: SpeedMask, port: SpeedMask, peer: RedirPeer): Speed | undefined {
  const fitForXhci = peer.packetSizes && peer.longBulk && peer.longIds;
  return (port & SUPER) !== 0 && !fitForXhci ? undefined : negotiate(mask, port);
}
