import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The top of this project: packages that are not bundled are found from there. */
const TOP = fileURLToPath(new URL('../../..', import.meta.url));

/** Makes a program for `node` of one of the TypeScript files here. @returns its path */
export async function bundled(source: string, folder: string): Promise<string> {
  const outfile = join(folder, `${basename(source)}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`${source}.ts`, import.meta.url))],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    external: ['libsql'],
    // it stands outside of the project, where no package is found
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(TOP, 'package.json')).href) },
  });
  return outfile;
}
