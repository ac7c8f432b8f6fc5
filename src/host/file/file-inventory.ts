import { type EvidenceByCode, finding } from '../../diag/index.js';
import { formatAddress, formatId, hasPort, isRootHub, UNKNOWN_CONTROLLER } from '../names/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { inOrder } from './described-device.js';
import type { FileFindings, HostFileFormat } from './file-findings.js';
import type { TextLine } from './text-line.js';

/** A device, and where the file describes it: a line, or the path of a value. */
export interface FoundDevice {
  readonly device: HostDevice;
  readonly line?: TextLine | undefined;
  readonly where?: string | undefined;
}

/**
 * Makes an inventory from the devices in a file. Each device has a place of its own, and the findings say what the file does not contain.
 */
export function fileInventory(
  found: readonly FoundDevice[],
  format: HostFileFormat,
  findings: FileFindings,
): HostInventory {
  const all = distinct(found, findings)
    .map((device) => withSpeed(device, format))
    .sort(inOrder);
  findings.untold(format, untoldOf(all, format));
  return {
    devices: all.filter((one) => !one.isHub),
    hubs: all.filter((one) => one.isHub),
    findings: findings.all(),
  };
}

/**
 * Ensures that no two devices have the same place. The second one is shown by its number, as if its port were unknown. It is left out only
 * if it is the same device listed twice, or if another device has its number as well.
 */
function distinct(found: readonly FoundDevice[], findings: FileFindings): HostDevice[] {
  const byPort = new Map<string, FoundDevice>();
  const byNumber = new Map<string, FoundDevice>();
  const kept: HostDevice[] = [];
  const keep = (one: FoundDevice, device: HostDevice): void => {
    kept.push(device);
    byPort.set(device.port, one);
    if (!byNumber.has(formatAddress(device))) byNumber.set(formatAddress(device), one);
  };
  for (const one of found) {
    const { device } = one;
    const holder = byPort.get(device.port);
    const number = formatAddress(device);
    const namesake = byNumber.get(number);
    if (holder !== undefined && isSame(holder.device, device)) tell('twice', one, holder, findings);
    else if (holder !== undefined && (byPort.has(number) || number === device.port)) {
      tell('left-out', one, namesake ?? holder, findings);
    } else if (holder !== undefined) {
      tell('port-twice', one, holder, findings);
      keep(one, unplaced(device));
    } else {
      if (namesake !== undefined) tell('number-twice', one, namesake, findings);
      keep(one, device);
    }
  }
  return kept;
}

function isSame(a: HostDevice, b: HostDevice): boolean {
  return a.bus === b.bus && a.address === b.address && a.vendorId === b.vendorId && a.productId === b.productId;
}

const REASONS = {
  twice: 'the same device is listed twice',
  'port-twice': 'another device has this port',
  'number-twice': 'another device has this number',
  'left-out': 'another device has this number, and no port tells them apart: it is left out',
} as const;

function tell(problem: keyof typeof REASONS, one: FoundDevice, other: FoundDevice, findings: FileFindings): void {
  if (one.line !== undefined) findings.line(problem, one.line, { told: other.line?.number });
  else findings.document(one.where ?? one.device.port, REASONS[problem]);
}

/** @returns a device as it is shown when its port is unknown */
function unplaced(device: HostDevice): HostDevice {
  const port = formatAddress(device);
  const interfaces = device.interfaces.map((one) => ({ ...one, name: port + one.name.slice(one.name.indexOf(':')) }));
  return { ...device, port, chain: [], peer: undefined, interfaces };
}

/**
 * Marks a speed that the file does not give, so that nobody takes it for a known one. A speed that was inferred gets a note that says so.
 */
function withSpeed(device: HostDevice, format: HostFileFormat): HostDevice {
  const { port, vendorId, productId, megabits, isHub } = device;
  const evidence = { device: port, id: formatId(vendorId, productId) };
  if (megabits !== undefined) {
    if (isHub || device.speedIs !== 'inferred') return device;
    const note = finding('device-speed-inferred', { ...evidence, megabits }, { severity: 'note' });
    return { ...device, findings: [note, ...device.findings] };
  }
  if (device.speedIs === 'unknown') return device;
  const untold: HostDevice = { ...device, speedIs: 'untold' };
  if (isHub) return untold;
  return { ...untold, findings: [finding('device-speed-untold', { ...evidence, format }), ...device.findings] };
}

function untoldOf(
  devices: readonly HostDevice[],
  format: HostFileFormat,
): EvidenceByCode['host-file-untold']['untold'] {
  const told = format === 'devices-json' || format === 'recording';
  const twoHalves = devices.some((one) => isRootHub(one) && (one.megabits ?? 0) >= 5000);
  return [
    ...(devices.every(hasPort) ? [] : (['ports'] as const)),
    ...(devices.some((one) => hasPort(one) && one.controller === UNKNOWN_CONTROLLER) ? (['controllers'] as const) : []),
    ...(!told && twoHalves && devices.every(({ peer }) => peer === undefined) ? (['halves'] as const) : []),
  ];
}
