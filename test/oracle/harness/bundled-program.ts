import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../../../scripts/folders.mjs';

/** Where Node finds the packages that are not bundled, as a JavaScript string. */
const FROM = JSON.stringify(pathToFileURL(join(root, 'package.json')).href);

/**
 * Bundles a program of this folder, to be run as a process of its own.
 *
 * @returns its path in `folder`
 */
export async function bundledProgram(
  name: 'killed-qplug' | 'racing-qplug' | 'unrecorded-qplug',
  folder: string,
): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, `test/oracle/harness/${name}.ts`)],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    external: ['libsql'],
    // it is outside of the project, where Node finds no package
    define: { 'import.meta.url': FROM },
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(${FROM});`,
    },
  });
  return outfile;
}
