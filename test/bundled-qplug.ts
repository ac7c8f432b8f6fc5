import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../scripts/folders.mjs';

/** Packages that are not bundled are found from here, as a string of JavaScript. */
const FROM = JSON.stringify(pathToFileURL(join(root, 'package.json')).href);

/**
 * Bundles the command line as it ships: in several files, which Node loads when they are needed.
 *
 * @returns the path of its main file, in `folder`
 */
export async function bundledQplug(folder: string): Promise<string> {
  await build({
    entryPoints: { main: join(root, 'src/cli/main.ts') },
    ...{ outdir: folder, bundle: true, splitting: true, outExtension: { '.js': '.mjs' } },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    external: ['libsql'],
    // it stands outside of the project, where no package is found
    define: { 'import.meta.url': FROM },
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(${FROM});`,
    },
  });
  return join(folder, 'main.mjs');
}
