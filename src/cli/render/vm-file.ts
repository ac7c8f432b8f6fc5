import { relative } from 'node:path';
import { printable } from '../../diag/index.js';
import type { FileEntry, VmAndFileChange } from '../../vm/index.js';

/** @returns a sentence for each entry of a VM file: `bench.yaml: added 0781:5567 (line 14)` */
export function changedLines({ file }: VmAndFileChange): string[] {
  if (file === undefined) return [];
  const path = printable(fromHere(file.path));
  return file.entries.map((entry) => `${path}: ${entrySentence(entry)}`);
}

function entrySentence({ outcome, select, emulated, line }: FileEntry): string {
  const name = printable(select ?? emulated ?? '');
  switch (outcome) {
    case 'added':
      return `added ${name} (line ${line})`;
    case 'removed':
      return `removed ${name} (line ${line})`;
    case 'already':
      return `${name} is already there (line ${line})`;
  }
}

/** A path as a person would type it here. */
function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
