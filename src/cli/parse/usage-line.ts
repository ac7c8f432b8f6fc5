import type { CommandDeclaration, WordDeclaration } from '../command.js';

/** @returns `VM`, `[SELECTOR...]` */
export function formatWord({ name, required, many }: WordDeclaration): string {
  const title = `${name.toUpperCase()}${many === true ? '...' : ''}`;
  return required ? title : `[${title}]`;
}

/** @returns `attach VM [SELECTOR...]` */
export function formatUsage({ name, words }: CommandDeclaration): string {
  return [name, ...words.map(formatWord)].join(' ');
}
