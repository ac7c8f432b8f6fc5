import type { Catalog } from '../finding.js';
import { printable } from '../printable.js';

/** The findings of src/cli, each with its evidence. */
export interface CliEvidence {
  usage: { readonly message: string; readonly command: string | undefined };
  'json-invalid': { readonly text: string; readonly reason: string };
}

export const cliCatalog: Catalog<CliEvidence> = {
  usage: {
    kind: 'usage',
    text: ({ message, command }) => ({
      what: printable(message).replaceAll('\\n', ' '),
      fix: command === undefined ? 'qplug --help' : `qplug ${printable(command)} --help`,
    }),
  },
  'json-invalid': {
    kind: 'usage',
    text: ({ text, reason }) => ({
      what: 'The arguments of a QMP command must be one JSON object',
      why: `${printable(reason)} in ${printable(text, 80)}`,
      fix: `qplug qmp VM qom-list '{"path": "/machine"}'`,
    }),
  },
};
