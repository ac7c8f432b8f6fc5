import { type Finding, finding, nearest } from '../diag/index.js';
import { EMULATED_MODELS, emulatedModel } from '../qdev/index.js';
import type { RawEmulatedDevice, RawHostDevice } from './raw.js';
import type { Source } from './source.js';
import type { DeviceWish, EmulatedDeviceWish, Pointer } from './vm-file.js';

/** Properties that only qplug sets, with the equivalent key of the VM file, if there is one. */
const RESERVED: Readonly<Record<string, string | undefined>> = {
  id: 'id',
  bus: 'controller',
  port: 'port',
  drive: 'drive',
  driver: undefined,
  // QEMU aborts on it for usb-bot and usb-uas (hw/usb/dev-storage-bot.c).
  attached: undefined,
};

/** The context of a device's entry. */
export interface DeviceContext {
  readonly source: Source;
  absolute(file: string): string;
  makeId(base: string): string;
  format(file: string): 'qcow2' | 'raw';
}

/**
 * One entry of `usb.devices` with its defaults.
 *
 * @param pointer - its position
 */
export function resolveDevice(
  entry: string | RawHostDevice | RawEmulatedDevice,
  pointer: Pointer,
  context: DeviceContext,
): { wish: DeviceWish; findings: readonly Finding[] } {
  const raw = typeof entry === 'string' ? { select: entry } : entry;
  const base = {
    controller: raw.controller,
    port: raw.port === undefined ? undefined : String(raw.port),
    slower: raw.slower ?? 'refuse',
    pointer,
  } as const;
  if ('select' in raw) {
    const whenMissing = raw['when-missing'] ?? 'skip';
    const guardOff = raw['guard-off'] ?? [];
    return { wish: { kind: 'host', select: raw.select, whenMissing, guardOff, ...base }, findings: [] };
  }
  const { drive } = raw;
  const wish: EmulatedDeviceWish = {
    kind: 'emulated',
    model: raw.emulated,
    id: raw.id ?? context.makeId(raw.emulated.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^(?![A-Za-z])/, 'q')),
    drive: drive && {
      file: context.absolute(drive.file),
      format: drive.format ?? context.format(drive.file),
      readonly: drive.readonly ?? false,
    },
    properties: raw.properties ?? {},
    ...base,
  };
  return { wish, findings: checkEmulated(wish, pointer, context.source) };
}

function checkEmulated(wish: EmulatedDeviceWish, pointer: Pointer, source: Source): Finding[] {
  const findings: Finding[] = [];
  const { model } = wish;
  const facts = emulatedModel(model);
  const place = source.locate([...pointer, 'emulated']);
  if (facts !== undefined && !facts.launchable) {
    findings.push(finding('emulated-by-hand', { model, attaches: facts.attaches }, { location: place }));
  } else if (facts === undefined || model === 'usb-hub') {
    const known = EMULATED_MODELS.filter(({ driver, launchable }) => launchable && driver !== 'usb-hub');
    const names = known.map(({ driver }) => driver);
    const evidence = {
      key: 'emulated',
      value: model,
      known: names,
      nearest: nearest(model, names),
    };
    findings.push(finding('value-unknown', evidence, { location: place }));
  } else if (wish.drive === undefined && facts.needs === 'drive') {
    findings.push(finding('drive-needed', { model }, { location: place }));
  } else if (wish.drive !== undefined && facts.needs !== 'drive') {
    findings.push(finding('drive-not-taken', { model }, { location: source.locateKey([...pointer, 'drive']) }));
  }
  for (const property of Object.keys(wish.properties)) {
    if (!Object.hasOwn(RESERVED, property)) continue;
    const location = source.locateKey([...pointer, 'properties', property]);
    findings.push(finding('property-reserved', { property, instead: RESERVED[property] }, { location }));
  }
  return findings;
}
