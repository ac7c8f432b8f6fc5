import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '../../diag/index.js';
import {
  guardsByPort,
  type HostDevice,
  type HostInventory,
  matchSelector,
  readHostFile,
  readInventory,
  realHostFiles,
  realSysfs,
  requireSelector,
} from '../../host/index.js';
import type { Claim } from '../../registry/index.js';
import { claimsByPort } from '../claims-by-port.js';
import type { CommandHandler, Streamed } from '../command.js';
import { claimSummary } from '../documents/claim.js';
import { hostDeviceDocument, hubDocument } from '../documents/host-device.js';
import { EXIT_CODES } from '../exit-codes.js';
import { jsonText } from '../json-text.js';
import { lines } from '../lines.js';
import { refuseHostFile } from '../refuse-host-file.js';
import { renderDeviceTree } from '../render-device-tree.js';
import { renderDeviceEvent, renderDevices } from '../render-devices.js';
import { renderFinding } from '../render-finding.js';
import type { Terminal } from '../terminal.js';

/** ms between two looks of --watch; the kernel tells no ordinary program. */
const LOOK_EVERY = 500;

export const run: CommandHandler = async (args, terminal) => {
  const selectors = args.texts('selector').map(requireSelector);
  const pick = (inventory: HostInventory): readonly HostDevice[] =>
    selectors.length === 0
      ? inventory.devices
      : inventory.devices.filter((device) =>
          selectors.some((selector) => matchSelector(selector, inventory).some((one) => one.port === device.port)),
        );
  const sysfs = terminal.sysfs ?? realSysfs();
  if (args.flag('watch')) {
    refuseHostFile(args, '--watch', 'the devices in a file do not change');
    return watch(() => readInventory(sysfs), pick, args.flag('json'), terminal);
  }
  const file = args.text('host');
  const inventory =
    file === undefined
      ? readInventory(sysfs)
      : await readHostFile(file, { input: terminal.input, signal: terminal.signal });
  const devices = pick(inventory);
  const files = terminal.files ?? (terminal.sysfs === undefined && file === undefined ? realHostFiles() : undefined);
  const guards = files && (await guardsByPort([...devices, ...inventory.hubs], inventory, files));
  const claims = file === undefined ? await claimsByPort(inventory, terminal) : undefined;
  return {
    schema: 'devices',
    document: () => ({
      devices: devices.map((one) => ({
        ...hostDeviceDocument(one, inventory, guards),
        ...(claims === undefined ? {} : { claim: claimOf(claims.get(one.port)) }),
      })),
      hubs: inventory.hubs.map((one) => hubDocument(one, guards)),
    }),
    text: () =>
      args.flag('tree')
        ? renderDeviceTree(devices, inventory, terminal)
        : renderDevices(devices, inventory, terminal, { claims, guards }),
    findings: findingsOf(inventory, devices),
    exit: selectors.length > 0 && devices.length === 0 ? EXIT_CODES['not-found'] : EXIT_CODES.done,
  };
};

function claimOf(claim: Claim | undefined): Record<string, unknown> | null {
  return claim === undefined ? null : claimSummary(claim);
}

function findingsOf(inventory: HostInventory, devices: readonly HostDevice[]): Finding[] {
  return [...(inventory.findings ?? []), ...devices.flatMap((one) => one.findings)];
}

/** Tells what comes and goes until Ctrl-C, or until nobody reads any more: both are how it ends. */
async function watch(
  read: () => HostInventory,
  pick: (inventory: HostInventory) => readonly HostDevice[],
  json: boolean,
  terminal: Terminal,
): Promise<Streamed> {
  for (const found of read().findings ?? []) terminal.err(`${renderFinding(found, terminal)}\n`);
  const ended = terminal.outEnded ?? new AbortController().signal;
  const signal = AbortSignal.any([terminal.signal, ended]);
  let known = new Map<string, HostDevice>();
  while (!signal.aborted) {
    const inventory = read();
    const now = new Map(pick(inventory).map((one) => [`${one.port} ${one.bus}.${one.address}`, one]));
    for (const [key, device] of now) if (!known.has(key)) tell('plugged', device, inventory, json, terminal);
    for (const [key, device] of known) if (!now.has(key)) tell('pulled', device, inventory, json, terminal);
    known = now;
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
  return { exit: terminal.signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.done };
}

function tell(
  event: 'plugged' | 'pulled',
  device: HostDevice,
  inventory: HostInventory,
  json: boolean,
  terminal: Terminal,
): void {
  if (json) {
    const document = { schema: 'urn:qplug:device-event:1', event, device: hostDeviceDocument(device, inventory) };
    terminal.out(`${jsonText(document)}\n`);
  } else terminal.out(`${lines([renderDeviceEvent(event, device)])}\n`);
}
