import { FULL, HIGH, maskOf, negotiate, type Speed, type SpeedMask, SUPER } from '../speed.js';
import type { EndpointShape } from './descriptor-shape.js';

/** What the peer of a usb-redir says it can do, in its hello (usbredirproto.h, usb_redir_cap_*). */
export interface RedirPeer {
  /** `ep_info_max_packet_size`: it tells the packet sizes of endpoints. */
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
 * The speeds at which a redirected device attaches (hw/usb/redirect.c, usbredir_device_connect and usbredir_ep_info). It is not the
 * rule of usb-host: bulk streams are of no account, SCSI disks are nothing special, and only endpoints that are announced count.
 *
 * @returns its mask and own speed; a speed that the peer does not know is full speed to QEMU, which then takes high speed too
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

/** Where packet sizes are not told, every interrupt endpoint counts as too large. */
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
 * At which speed a redirected device attaches to a port. A port that takes SuperSpeed takes only devices of a peer with all three
 * abilities, whatever their speed (usbredir_do_attach).
 *
 * @returns undefined where QEMU sends the peer a rejection; in QMP nothing is heard of it, the usb-redir stays unattached
 */
export function redirNegotiate(mask: SpeedMask, port: SpeedMask, peer: RedirPeer): Speed | undefined {
  const fitForXhci = peer.packetSizes && peer.longBulk && peer.longIds;
  return (port & SUPER) !== 0 && !fitForXhci ? undefined : negotiate(mask, port);
}
