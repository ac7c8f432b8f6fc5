import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import type { VmRecord } from '../../../registry/index.js';
import { listDocument } from '../../../view/documents/index.js';
import { type AdoptedVm, listAdopted, listVms } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { localTime } from '../../render/local-time.js';
import { table } from '../../render/table.js';
import type { Terminal } from '../../terminal.js';

export const run: CommandHandler = async (_args, terminal) => {
  const host = openHost(terminal);
  const { vms, findings } = listVms(host);
  const adopted = await listAdopted(host, terminal.signal);
  return {
    schema: 'list',
    document: () => listDocument(vms, adopted.vms),
    text: () => [startedText(vms, terminal), ...adoptedText(adopted.vms, terminal)].join('\n'),
    findings: [...findings, ...adopted.findings],
  };
};

function startedText(vms: readonly VmRecord[], terminal: Terminal): string {
  if (vms.length === 0) return 'no VM of qplug runs on this host';
  const rows = vms.map((one) => [
    printable(one.name),
    String(one.qemu?.pid ?? '-'),
    localTime(one.created),
    printable(one.file),
    printable(one.sockets.owner),
  ]);
  return table([['NAME', 'PID', 'STARTED', 'FILE', 'QMP SOCKET FOR YOU'], ...rows], { paint: terminal.outColors.bold });
}

function adoptedText(vms: readonly AdoptedVm[], terminal: Terminal): string[] {
  if (vms.length === 0) return [];
  const rows = vms.map((one) => [
    printable(one.name),
    one.runs === undefined ? 'unknown' : one.runs ? 'runs' : 'away',
    printable(one.socket),
  ]);
  return ['', table([['ADOPTED', 'STATE', 'QMP SOCKET'], ...rows], { paint: terminal.outColors.bold })];
}
