import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The blocks of one language in a Markdown text, without their fences. */
export function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, tag, body]) =>
    tag === language ? [body ?? ''] : [],
  );
}

/** The commands of each console block, as they are typed. */
export function sessions(text: string): string[][] {
  return blocks(text, 'console').map((block) => [...block.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line ?? ''));
}

export const withoutComment = (line: string): string => line.replace(/ +#.*$/, '');

/** @param root - the folder of the project */
export const readme = (root: string): string => readFileSync(join(root, 'README.md'), 'utf8');

/** The README, CONTRIBUTING and all pages of docs/. */
export function documents(root: string): { name: string; text: string }[] {
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...names.map((name) => `docs/${name}`)].map((name) => ({
    name,
    text: readFileSync(join(root, name), 'utf8'),
  }));
}
