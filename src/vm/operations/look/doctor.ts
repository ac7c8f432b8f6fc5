import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { type HostAccess, inventoryOf } from '../../../access/index.js';
import { findSocketStatistics } from '../../../base/index.js';
import { parseVmFile } from '../../../config/index.js';
import { type Finding, finding, QplugError } from '../../../diag/index.js';
import { nodeFinding } from '../../../host/index.js';
import { preflight } from '../../../launcher/index.js';
import { formatVersion } from '../../../qdev/index.js';

/** One check of the host. */
export interface Check {
  /** Its heading: `QEMU`. */
  readonly name: string;
  /** The result in words; printable. */
  readonly found: string;
  /** The problems. A check with only warnings passes. */
  readonly findings: readonly Finding[];
}

/**
 * Checks everything that qplug needs on this host. Creates qplug's runtime folder, and changes nothing else.
 *
 * @param binary - the QEMU to check
 */
export async function diagnose(host: HostAccess, binary: string, signal: AbortSignal): Promise<Check[]> {
  return [
    await checkQemu(host, binary, signal),
    checkKvm(),
    checkUsb(host),
    checkNames(),
    checkPeers(),
    checkRuntime(host),
  ];
}

async function checkQemu({ env }: HostAccess, binary: string, signal: AbortSignal): Promise<Check> {
  const vm = await parseVmFile(`${JSON.stringify({ name: 'doctor', qemu: { binary } })}\n`, 'doctor.json');
  const { findings, version, binary: path } = await preflight({ vm, searchPath: env['PATH'] ?? '', signal });
  const found = version === undefined ? `no usable ${binary}` : `${path ?? binary}, version ${formatVersion(version)}`;
  return { name: 'QEMU', found, findings: findings.map((one) => ({ ...one, location: undefined })) };
}

function checkKvm(): Check {
  const node = '/dev/kvm';
  try {
    // really opens it: the mode does not restrict root, and a node can exist without a driver behind it
    closeSync(openSync(node, 'r+'));
    return { name: 'KVM', found: `${node} is usable`, findings: [] };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const denied = code === 'EACCES' || code === 'EPERM';
    const found = denied ? `${node} exists, but you may not open it` : 'none: VMs run slowly, in software';
    return { name: 'KVM', found, findings: [finding('kvm-unusable', { node, denied }, { severity: 'warning' })] };
  }
}

function checkUsb(host: HostAccess): Check {
  const inventory = inventoryOf(host);
  const unusable = inventory.devices.map(nodeFinding).filter((one) => one !== undefined);
  const { devices } = inventory;
  return {
    name: 'USB',
    found: `${devices.length} device${devices.length === 1 ? '' : 's'}, ${devices.length - unusable.length} that you may pass through`,
    findings: [...(inventory.findings ?? []), ...unusable].map((one): Finding => ({ ...one, severity: 'warning' })),
  };
}

function checkNames(): Check {
  const paths = ['/usr/share/misc/usb.ids', '/usr/share/hwdata/usb.ids', '/var/lib/usbutils/usb.ids'];
  const path = paths.find((one) => existsSync(one));
  if (path !== undefined) return { name: 'Names', found: path, findings: [] };
  return { name: 'Names', found: 'no usb.ids', findings: [finding('usb-ids-missing', {}, { severity: 'note' })] };
}

function checkPeers(): Check {
  const path = findSocketStatistics();
  if (path !== undefined) return { name: 'Sockets', found: path, findings: [] };
  const missing = finding('socket-statistics-missing', {}, { severity: 'warning' });
  return { name: 'Sockets', found: 'no ss', findings: [missing] };
}

function checkRuntime({ registry }: HostAccess): Check {
  const path = registry.folder;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK);
    const mode = statSync(path).mode & 0o777;
    const open = (mode & 0o077) !== 0;
    const findings = open ? [finding('runtime-folder-open', { path, mode: mode.toString(8) })] : [];
    return { name: 'State', found: path, findings };
  } catch (error) {
    if (error instanceof QplugError) throw error;
    const findings = [finding('state-write-failed', { path, reason: (error as Error).message })];
    return { name: 'State', found: path, findings };
  }
}
