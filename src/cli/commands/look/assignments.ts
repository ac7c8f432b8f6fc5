import type { CommandDeclaration } from '../../command.js';
import { VM_NAME } from '../shared/word-declarations.js';

export const assignments: CommandDeclaration = {
  name: 'assignments',
  group: 'look',
  brief: 'which devices belong to which VM',
  summary:
    'List the assignments, the VMs that qplug adopt gave a name, the shares that the agent keeps (qplug share --keep), and the devices that a person detached by hand from a VM that still runs.',
  words: [{ ...VM_NAME, required: false }],
  options: {},
  examples: [
    ['qplug assignments', 'of all VMs'],
    ['qplug assignments bench', 'of one'],
  ],
  documents: ['assignments'],
  load: () => import('../../handlers/look/assignments.js'),
};
