import { printable } from '../../diag/index.js';
import { type AttachedDevice, formatVersion } from '../../qdev/index.js';
import { type DeviceState, openVm, statusOf, type VmStatus } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { hostDeviceSummary } from '../documents/host-device.js';
import { topologyDocument } from '../documents/topology.js';
import { hostAccess } from '../host-access.js';
import { renderTopology } from '../render-topology.js';
import type { Terminal } from '../terminal.js';
import { atLeast, cut, width } from '../text-width.js';
import { ANSWER_TIMEOUT } from '../timeouts.js';

const MARK: Readonly<Record<DeviceState['state'], string>> = {
  attached: '',
  emulated: '',
  slower: '  slower',
  stale: '  stale',
  detached: '  not attached',
};

export const run: CommandHandler = async (args, terminal) => {
  const host = hostAccess(terminal);
  const operation = { signal: terminal.signal, timeout: (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000 };
  await using vm = await openVm(args.word('vm'), host, operation);
  const status = await statusOf(vm, host, operation);
  return {
    schema: 'status',
    document: () => documentOf(status),
    text: () => textOf(status, terminal),
    findings: status.findings,
  };
};

function documentOf(status: VmStatus): Record<string, unknown> {
  const states = new Map(status.devices.map((one) => [one.device, one]));
  return {
    vm: status.vm,
    socket: status.socket,
    state: status.run,
    topology: topologyDocument(status.topology, (device) => {
      const state = states.get(device);
      return {
        state: state?.state ?? null,
        ours: state?.ours ?? false,
        host: state?.host === undefined ? null : hostDeviceSummary(state.host),
      };
    }),
  };
}

function textOf(status: VmStatus, terminal: Terminal): string {
  const { outColors: colors } = terminal;
  const states = new Map(status.devices.map((one) => [one.device, one]));
  const head = `${colors.bold(printable(status.vm))}  ${printable(status.run)}  QEMU ${formatVersion(status.topology.version)}`;
  const describe = (device: AttachedDevice, room: number): string => {
    const state = states.get(device);
    return state === undefined ? printable(device.driver) : words(state, room);
  };
  return `${head}\n${renderTopology(status.topology, describe, terminal)}`;

  function words({ device, state, host }: DeviceState, room: number): string {
    const id = device.id === undefined ? colors.dim('(no id)') : colors.dim(printable(device.id));
    if (device.hubPorts !== undefined) {
      return `hub, ${device.hubPorts} ports${device.automatic ? colors.dim(', inserted by QEMU itself') : ''}  ${id}`;
    }
    const from = host === undefined ? '' : `  from ${host.port}`;
    const after = `${from}${colors.yellow(MARK[state])}  ${id}`;
    return cut(printable(host?.name ?? device.product ?? device.driver, 48), atLeast(room - width(after))) + after;
  }
}
