import { openHost } from '../../../access/index.js';
import { vmsDocument } from '../../../view/documents/index.js';
import { listQemus } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { renderQemus } from '../../render/qemus.js';

export const run: CommandHandler = async (_args, terminal) => {
  const vms = listQemus(openHost(terminal));
  return {
    schema: 'vms',
    document: () => vmsDocument(vms),
    text: () => renderQemus(vms, terminal),
  };
};
