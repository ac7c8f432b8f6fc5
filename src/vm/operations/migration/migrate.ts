import {
  type HostAccess,
  hostDeviceOf,
  inventoryOf,
  keyed,
  ownerOf,
  readableClaims,
  suspensionOf,
} from '../../../access/index.js';
import { kindOfFile } from '../../../base/index.js';
import { type Finding, fail, finding, throwErrors } from '../../../diag/index.js';
import { formatId, type HostDevice, type HostInventory, shortestSelector } from '../../../host/index.js';
import { type AttachedDevice, type Controller, emulatedModel, formatVersion, hasFact } from '../../../qdev/index.js';
import { type MigrationInfo, QmpClosedError, type QmpConnection, type RunState } from '../../../qmp/index.js';
import type { Claim, SuspendedDevice } from '../../../registry/index.js';
import { readTopology, refuseHalfLoaded } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { hasReturnPath, type MigrateStep, type Removal, removalStep } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';
import { type EndReport, killVm } from '../life/index.js';
import { formatMigrationUri, type MigrationUri } from './migration-uri.js';

export interface MigrateRequest {
  readonly uri: MigrationUri;
  /** Whether to detach the devices of this host first; otherwise they prevent the migration. */
  readonly withDetached: boolean;
  /** Whether to end the empty process that stays here. */
  readonly end: boolean;
}

/** A device that stayed on this host, and its former port in the guest. */
export interface StayedDevice {
  readonly label: string;
  /** The selector that matches it if it is plugged into the other host. */
  readonly selector: string;
  readonly bus: string;
  readonly port: string;
}

export interface MigrateReport {
  readonly vm: string;
  /** In QEMU's syntax. */
  readonly uri: string;
  /** Bytes of memory sent; like the other figures undefined if QEMU does not report it. */
  readonly transferred: number | undefined;
  /** ms */
  readonly totalTime: number | undefined;
  /** ms for which the guest was paused. */
  readonly downtime: number | undefined;
  /** Devices that the guest lost, including those that left it at an earlier suspend. */
  readonly devices: readonly StayedDevice[];
  /** How the process that stayed here ended; undefined: it still exists. */
  readonly ended: EndReport['by'] | undefined;
  readonly findings: readonly Finding[];
}

/** Run states in which a guest may migrate; after a failure QEMU restores them. */
const MIGRATABLE_STATES: readonly RunState[] = ['running', 'paused', 'prelaunch', 'suspended'];

/** ms to read the figures after a migration. */
const FIGURES_TIMEOUT = 10_000;

/** ms for the empty process to end. */
const KILL_TIMEOUT = 30_000;

/**
 * Migrates the guest of a VM to another QEMU, or into a file. The host's devices stay here: qplug unplugs them first, keeps their claims
 * until the guest has arrived, and then returns them to the host. If the migration fails, it plugs them into their ports again, and the
 * guest continues here.
 *
 * @throws QplugError before any change: `not-migratable`, `guest-half-loaded`, `migration-holds-devices`, `migration-irrevocable`,
 *   `migration-blocked-by-devices`, `migration-blocked`, `migration-file-…`, `migration-nobody-listens` · with everything undone:
 *   `migration-failed`, `removal-pending`, …
 */
export async function migrate(
  vm: OpenVm,
  { uri, withDetached, end }: MigrateRequest,
  host: HostAccess,
  operation: Operation,
): Promise<MigrateReport> {
  const target = formatMigrationUri(uri);
  const { transferred, totalTime, downtime, devices, findings } = await within(
    operation,
    `migrate ${vm.name} to ${target}`,
    async (signal) => {
      await checkState(vm, signal);
      await refuseHalfLoaded(vm, signal);
      const inventory = inventoryOf(host);
      const seats = await placedDevices(vm.qmp, inventory, readableClaims(vm, host), signal);
      const passed = seats.filter(({ device }) => device.driver === 'usb-host');
      throwErrors([
        ...(withDetached ? [] : heldFindings(vm.name, target, passed)),
        ...irrevocableFindings(vm.name, passed),
        ...(await blockedFindings(vm, seats, signal)),
        ...targetFindings(vm, uri),
      ]);
      const step: MigrateStep = {
        do: 'migrate',
        uri: target,
        setsReturnPath: uri.kind !== 'file' && !(await hasReturnPath(vm.qmp, signal)),
        label: `migration to ${target}`,
      };
      const steps = [...passed.map(({ removal }) => removal), step];
      const change = { kind: 'migrate', recover: 'undo', steps, inventory } as const;
      const { findings } = await changeVm(changedVm(vm), change, host, { ...operation, signal });
      const suspension = suspensionOf(ownerOf(vm), host);
      if (suspension !== undefined) host.claims.suspensions.remove(suspension);
      const before = (suspension?.devices ?? []).map((device) => stayedSuspended(device, inventory));
      const devices = [...passed.flatMap((seat) => stayed(seat, inventory)), ...before];
      return { ...(await figures(vm.qmp)), devices, findings };
    },
  );
  if (!end) return { vm: vm.name, uri: target, transferred, totalTime, downtime, devices, ended: undefined, findings };
  // one client at a time
  await vm.qmp.close();
  const ended = await killVm(vm, host, { ...operation, signal: AbortSignal.timeout(KILL_TIMEOUT) });
  return {
    ...{ vm: vm.name, uri: target, transferred, totalTime, downtime, devices },
    ended: ended.by,
    findings: [...findings, ...ended.findings],
  };
}

async function checkState({ name, qmp }: OpenVm, signal: AbortSignal): Promise<void> {
  const { status } = await qmp.execute('query-status', undefined, { signal });
  if (!MIGRATABLE_STATES.includes(status)) throw fail('not-migratable', { vm: name, state: status });
}

/** Checks the target without connecting: a listener accepts only one connection. */
function targetFindings({ name: vm, qmp: { version } }: OpenVm, uri: MigrationUri): Finding[] {
  if (uri.kind === 'tcp') return [];
  const { kind, path } = uri;
  const there = kindOfFile(path);
  if (kind === 'unix') {
    if (there === 'socket') return [];
    return [finding('migration-nobody-listens', { path, there: there === 'none' ? 'nothing' : 'no-socket' })];
  }
  if (!hasFact(version, 'file-migration')) {
    return [finding('migration-file-unknown', { vm, version: formatVersion(version) })];
  }
  return there === 'file' ? [finding('migration-file-exists', { path })] : [];
}

/** A device of a VM, its controller, and the step that removes it. */
interface DeviceOnController {
  readonly controller: Controller;
  readonly device: AttachedDevice;
  readonly removal: Removal;
  readonly hostDevice: HostDevice | undefined;
}

async function placedDevices(
  qmp: QmpConnection,
  inventory: HostInventory,
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<DeviceOnController[]> {
  const { controllers } = await readTopology(qmp, signal);
  return controllers.flatMap((controller) =>
    controller.devices.map((device) => ({
      controller,
      device,
      removal: removalStep(device, controller, inventory, claims),
      hostDevice: hostDeviceOf(device, inventory, claims),
    })),
  );
}

function heldFindings(vm: string, uri: string, passed: readonly DeviceOnController[]): Finding[] {
  if (passed.length === 0) return [];
  return [finding('migration-holds-devices', { vm, uri, devices: passed.map(evidenceOf) })];
}

function irrevocableFindings(vm: string, passed: readonly DeviceOnController[]): Finding[] {
  const lost = passed.filter(({ removal: { restore, stale } }) => restore === undefined && stale !== true);
  if (lost.length === 0) return [];
  return [finding('migration-irrevocable', { vm, devices: lost.map(evidenceOf) })];
}

/** How QEMU names a USB device without migratable state: `0000:00:02.0/1.2/usb-uas` (hw/core/qdev.c, qdev_get_dev_path). */
const USB_SECTION = /\/[\d.]+\/usb-[a-z0-9-]+$/;

/** QEMU lists its blockers in advance (6.0 and later); qplug knows the emulated USB devices that block a migration in any release. */
async function blockedFindings(
  { name: vm, qmp }: OpenVm,
  seats: readonly DeviceOnController[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const fixed = seats.filter(({ device }) => emulatedModel(device.driver)?.blocksMigration === true);
  const { 'blocked-reasons': told = [] } = await qmp.execute('query-migrate', undefined, { signal });
  const reasons = told.filter((reason) => fixed.length === 0 || !USB_SECTION.test(reason));
  return [
    ...(fixed.length === 0 ? [] : [finding('migration-blocked-by-devices', { vm, devices: fixed.map(evidenceOf) })]),
    ...(reasons.length === 0 ? [] : [finding('migration-blocked', { vm, reasons })]),
  ];
}

function evidenceOf({ device, controller, hostDevice, removal: { label } }: DeviceOnController) {
  const id = device.id ?? device.qomPath ?? device.driver;
  return { id, label: hostDevice === undefined ? device.driver : label, bus: controller.bus, port: device.port };
}

function stayed(
  { device, controller, hostDevice, removal: { label } }: DeviceOnController,
  inventory: HostInventory,
): StayedDevice[] {
  if (hostDevice === undefined || device.port === undefined) return [];
  return [{ label, selector: shortestSelector(hostDevice, inventory), bus: controller.bus, port: device.port }];
}

function stayedSuspended({ key, label, bus, port }: SuspendedDevice, inventory: HostInventory): StayedDevice {
  const there = keyed(key, inventory);
  if (there !== undefined) return { label, selector: shortestSelector(there, inventory), bus, port };
  return { label, selector: formatId(key.vendorId, key.productId), bus, port };
}

/** The figures of the migration; none if QEMU has ended since, which is no failure because the guest has left. */
async function figures(qmp: QmpConnection): Promise<Pick<MigrateReport, 'transferred' | 'totalTime' | 'downtime'>> {
  const signal = AbortSignal.timeout(FIGURES_TIMEOUT);
  const info = await qmp.execute('query-migrate', undefined, { signal }).catch((error): MigrationInfo => {
    if (error instanceof QmpClosedError) return {};
    throw error;
  });
  return { transferred: info.ram?.transferred, totalTime: info['total-time'], downtime: info.downtime };
}
