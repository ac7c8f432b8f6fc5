import { type EvidenceByCode, fail } from '../../diag/index.js';

type Limited = Exclude<EvidenceByCode['qemu-tree-too-large']['what'], 'bytes'>;

/**
 * The most that qplug accepts of what one QEMU reports about its devices. Each limit is many times what a real machine has, so only
 * a QEMU that lies or fails reaches it. A board with 256 controllers and 2,000 devices has some 20,000 objects, four or five levels deep.
 */
export const LIMITS: Readonly<Record<Limited, number>> = {
  objects: 65_536,
  levels: 24,
  // qplug may have to compare each bus with each group of lines of `info usb`
  controllers: 512,
  devices: 4096,
  ports: 16_384,
  // the USB specification's own limit of a hub (bNbrPorts); QEMU's hub has 8, its xHCI 15
  'hub-ports': 255,
  // QEMU builds chains of five hubs
  'port-levels': 16,
  // paths in its tree, ids and ports included
  'name-characters': 1024,
  'text-characters': 4 * 1024 * 1024,
};

/**
 * @param what - what was counted
 * @throws QplugError `qemu-tree-too-large` when `count` is above the limit: qplug leaves nothing out silently
 */
export function within(what: Limited, count: number): void {
  if (count > LIMITS[what]) throw fail('qemu-tree-too-large', { what, limit: LIMITS[what] });
}
