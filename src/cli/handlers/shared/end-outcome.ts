import { printable } from '../../../diag/index.js';
import type { EndReport } from '../../../vm/index.js';
import type { Outcome } from '../../command.js';

const WORDS: Readonly<Record<EndReport['by'], string>> = {
  powerdown: 'its guest powered off',
  quit: 'QEMU quit',
  SIGTERM: 'QEMU was ended by SIGTERM',
  SIGKILL: 'QEMU was ended by SIGKILL',
  already: 'it had already ended',
};

/** How a VM ended, for people and programs. */
export function endOutcome({ vm, by, findings }: EndReport): Outcome {
  return {
    schema: 'end',
    document: () => ({ vm, by }),
    text: () => `${printable(vm)} ended: ${WORDS[by]}`,
    findings,
  };
}
