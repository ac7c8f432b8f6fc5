import { printable } from '../../diag/index.js';
import { listVms } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { hostAccess } from '../host-access.js';
import { table } from '../table.js';

export const run: CommandHandler = async (_args, terminal) => {
  const { vms, findings } = listVms(hostAccess(terminal));
  return {
    schema: 'list',
    document: () => ({
      vms: vms.map(({ name, file, binary, sockets, log, qemu, created }) => ({
        name,
        file,
        binary,
        sockets,
        log,
        pid: qemu?.pid ?? null,
        created,
      })),
    }),
    text: () =>
      vms.length === 0
        ? 'no VM of qplug runs on this host'
        : table(
            [
              ['NAME', 'PID', 'STARTED', 'FILE', 'QMP SOCKET FOR YOU'],
              ...vms.map((one) => [
                printable(one.name),
                String(one.qemu?.pid ?? '-'),
                since(one.created),
                printable(one.file),
                printable(one.sockets.owner),
              ]),
            ],
            { paint: terminal.outColors.bold },
          ),
    findings,
  };
};

/** @returns a moment as people write it, in local time and to the minute */
function since(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return printable(iso);
  const two = (figure: number): string => String(figure).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
