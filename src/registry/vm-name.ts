import { fail } from '../diag/index.js';

/** The same as in schemas/vm.schema.json: no slash, no leading dot, so that it is one name in one folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @returns whether a word can be the name of a VM that qplug started */
export function isVmName(word: string): boolean {
  return NAME.test(word);
}

/** @returns the name, safe as the name of a file or folder. @throws QplugError `vm-name-wrong` */
export function fileNameOf(name: string): string {
  if (!isVmName(name)) throw fail('vm-name-wrong', { name });
  return name;
}
