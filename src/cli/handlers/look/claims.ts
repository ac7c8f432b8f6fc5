import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import type { Claim } from '../../../registry/index.js';
import { claimDocument } from '../../../view/documents/index.js';
import type { CommandHandler } from '../../command.js';
import { localTime } from '../../render/local-time.js';
import { table } from '../../render/table.js';

export const run: CommandHandler = async (_args, terminal) => {
  using store = openHost(terminal).claims;
  const claims = store.list();
  return {
    schema: 'claims',
    document: () => ({ claims: claims.map(claimDocument) }),
    text: () =>
      claims.length === 0
        ? 'no VM has a device of this host'
        : table([['DEVICE', 'VM', 'STATE', 'SINCE', 'QEMU', 'ID'], ...claims.map(cellsOf)], {
            paint: terminal.outColors.bold,
            columns: terminal.columns,
          }),
  };
};

function cellsOf({ label, owner, state, reason, since, device }: Claim): string[] {
  return [
    label,
    printable(owner.vm),
    reason === undefined ? state : `${state}: ${printable(reason)}`,
    localTime(since),
    String(owner.process?.pid ?? '-'),
    printable(device),
  ];
}
