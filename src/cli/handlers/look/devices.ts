import { claimsByPort } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import {
  type DeviceEvent,
  guardsByPort,
  type HostDevice,
  type HostInventory,
  matchSelector,
  readHostFile,
  readInventory,
  realHostFiles,
  realSysfs,
  requireSelector,
  watchDevices,
} from '../../../host/index.js';
import { devicesDocument, hostDeviceDocument } from '../../../view/documents/index.js';
import type { CommandHandler, Streamed } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonText } from '../../output/json-text.js';
import { renderDeviceTree } from '../../render/device-tree.js';
import { renderDeviceEvent, renderDevices } from '../../render/devices.js';
import { renderFinding } from '../../render/finding.js';
import { lines } from '../../render/lines.js';
import type { Terminal } from '../../terminal.js';
import { refuseHostFile } from '../shared/read-options.js';

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
    document: () => devicesDocument(devices, inventory, { claims, guards }),
    text: () =>
      args.flag('tree')
        ? renderDeviceTree(devices, inventory, terminal)
        : renderDevices(devices, inventory, terminal, { claims, guards }),
    findings: findingsOf(inventory, devices),
    exit: selectors.length > 0 && devices.length === 0 ? EXIT_CODES['not-found'] : EXIT_CODES.done,
  };
};

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
  for await (const event of watchDevices(read, pick, signal)) tell(event, json, terminal);
  return { exit: terminal.signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.done };
}

function tell({ event, device, inventory }: DeviceEvent, json: boolean, terminal: Terminal): void {
  if (json) {
    const document = { schema: 'urn:qplug:device-event:1', event, device: hostDeviceDocument(device, inventory) };
    terminal.out(`${jsonText(document)}\n`);
  } else terminal.out(`${lines([renderDeviceEvent(event, device)])}\n`);
}
