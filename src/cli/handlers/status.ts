import { printable } from '../../diag/index.js';
import { formatVersion, megabits } from '../../qdev/index.js';
import { openVm, statusOf, type VmStatus } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { statusWords } from '../device-words.js';
import { claimSummary } from '../documents/claim.js';
import { hostDeviceSummary } from '../documents/host-device.js';
import { topologyDocument } from '../documents/topology.js';
import { hostAccess } from '../host-access.js';
import { renderHeading, renderTopology } from '../render-topology.js';
import { svgRequest } from '../svg-option.js';
import type { Terminal } from '../terminal.js';
import { ANSWER_TIMEOUT } from '../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const svg = svgRequest(args, 'status');
  const host = hostAccess(terminal);
  const operation = { signal: terminal.signal, timeout: (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000 };
  await using vm = await openVm(args.word('vm'), host, operation);
  const status = await statusOf(vm, host, operation);
  if (svg !== undefined) {
    const { deliverPicture, statusPicture } = await import('../picture/index.js');
    await deliverPicture(svg, statusPicture(status), terminal);
  }
  return {
    schema: 'status',
    document: () => documentOf(status),
    text: () => (svg?.alone === true ? '' : textOf(status, terminal)),
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
        native: state?.native === undefined ? null : megabits(state.native),
        host: state?.host === undefined ? null : hostDeviceSummary(state.host),
        claim: claimOf(status, device.id),
      };
    }),
    kept: status.kept.kept,
  };
}

function claimOf({ claims }: VmStatus, id: string | undefined): Record<string, unknown> | null {
  const claim = id === undefined ? undefined : claims?.get(id);
  return claim === undefined ? null : claimSummary(claim);
}

function textOf(status: VmStatus, terminal: Terminal): string {
  const { vm, run: state, topology, kept } = status;
  const words = `${printable(state)}  QEMU ${formatVersion(topology.version)}`;
  const tree = renderTopology(topology, { describe: statusWords(status), kept }, terminal);
  return `${renderHeading(printable(vm), words, terminal)}\n${tree}`;
}
