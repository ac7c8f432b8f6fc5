import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import { formatVersion } from '../../../qdev/index.js';
import { statusDocument } from '../../../view/documents/index.js';
import { statusWords } from '../../../view/tree/index.js';
import { openVm, statusOf, type VmStatus } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { renderHeading, renderTopology } from '../../render/topology.js';
import type { Terminal } from '../../terminal.js';
import { ANSWER_TIMEOUT } from '../../timeouts.js';
import { svgRequest } from '../shared/svg-request.js';
import { deliverPicture } from '../shared/write-picture.js';

export const run: CommandHandler = async (args, terminal) => {
  const svg = svgRequest(args, 'status');
  const host = openHost(terminal);
  const operation = { signal: terminal.signal, timeout: (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000 };
  await using vm = await openVm(args.word('vm'), host, operation);
  const status = await statusOf(vm, host, operation);
  if (svg !== undefined) {
    const { statusPicture } = await import('../../../view/picture/index.js');
    await deliverPicture(svg, statusPicture(status), terminal);
  }
  return {
    schema: 'status',
    document: () => statusDocument(status),
    text: () => (svg?.alone === true ? '' : textOf(status, terminal)),
    findings: status.findings,
  };
};

function textOf(status: VmStatus, terminal: Terminal): string {
  const { vm, run: state, topology, kept } = status;
  const words = `${printable(state)}  QEMU ${formatVersion(topology.version)}`;
  const tree = renderTopology(topology, { describe: statusWords(status), kept }, terminal);
  return `${renderHeading(printable(vm), words, terminal)}\n${tree}`;
}
