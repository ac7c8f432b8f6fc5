import { openHost } from '../../access/index.js';
import { printable } from '../../diag/index.js';
import { listDocument } from '../../view/documents/index.js';
import { listVms } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { localTime } from '../render/local-time.js';
import { table } from '../render/table.js';

export const run: CommandHandler = async (_args, terminal) => {
  const { vms, findings } = listVms(openHost(terminal));
  return {
    schema: 'list',
    document: () => listDocument(vms),
    text: () =>
      vms.length === 0
        ? 'no VM of qplug runs on this host'
        : table(
            [
              ['NAME', 'PID', 'STARTED', 'FILE', 'QMP SOCKET FOR YOU'],
              ...vms.map((one) => [
                printable(one.name),
                String(one.qemu?.pid ?? '-'),
                localTime(one.created),
                printable(one.file),
                printable(one.sockets.owner),
              ]),
            ],
            { paint: terminal.outColors.bold },
          ),
    findings,
  };
};
