import type { CommandDeclaration } from '../../command.js';
import { VM_NAME } from '../shared/word-declarations.js';

export const unassign: CommandDeclaration = {
  name: 'unassign',
  group: 'plug',
  brief: 'forget assignments',
  summary: 'Forget assignments of a VM: all that are named, or none. A device that the VM has now stays there.',
  words: [
    VM_NAME,
    {
      name: 'assignment',
      what: 'an assignment',
      describe: 'A selector, or the number of an assignment (qplug assignments shows them)',
      required: false,
      many: true,
    },
  ],
  options: { all: { type: 'boolean', describe: 'All assignments of the VM' } },
  examples: [
    ['qplug unassign bench 0781:5567', 'by the selector'],
    ['qplug unassign bench 2', 'by its number'],
    ['qplug unassign bench --all', 'everything that is assigned to it'],
  ],
  documents: ['unassign'],
  load: () => import('../../handlers/plug/unassign.js'),
};
