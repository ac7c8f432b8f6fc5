import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles the command line, to be run as a process of its own.
 *
 * @returns its path in `folder`
 */
export async function bundledQplug(folder: string): Promise<string> {
  const outfile = join(folder, 'main.mjs');
  const require = `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)});`;
  await build({
    entryPoints: [join(import.meta.dirname, '../../../src/cli/main.ts')],
    ...{ outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error' },
    external: ['libsql'],
    // it stands outside of the project, where no package is found
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
    banner: { js: require },
  });
  return outfile;
}
