import type { WordDeclaration } from '../../command.js';

/** Words that several commands take, in the same words everywhere. */
export const VM: WordDeclaration = {
  name: 'vm',
  what: 'a VM',
  describe:
    "A VM's name, its file, the path of a QMP socket (anything with a /), tcp:HOST:PORT, pid:PID or container:NAME",
  required: true,
  path: 'or-name',
};

/** A VM that need not run, or exist. */
export const VM_NAME: WordDeclaration = {
  name: 'vm',
  what: 'a VM',
  describe: "A VM's name, or its file",
  required: true,
  path: 'or-name',
};

export const VM_FILE: WordDeclaration = {
  name: 'file',
  what: 'a VM file',
  describe: 'A VM file',
  required: true,
  path: 'always',
};

export const SELECTORS: WordDeclaration = {
  name: 'selector',
  what: 'a device',
  describe:
    'A host device: 0781:5567, 0781:5567:SERIAL, 1-2.3, pci-0000:00:14.0/2.3, @1.5, serial=…, class=08, or words of its name',
  required: false,
  many: true,
};

/** Without the address of a device, which does not last. */
export const LASTING_SELECTORS: WordDeclaration = {
  name: 'selector',
  what: 'a device',
  describe:
    'A host device: 0781:5567, 0781:5567:SERIAL, 1-2.3, pci-0000:00:14.0/2.3, serial=…, class=08, or words of its name',
  required: true,
  many: true,
};
