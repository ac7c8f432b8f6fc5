import { join } from 'node:path';
import { build } from 'esbuild';
import { labSources, root } from './folders.js';

/**
 * Bundles a piece of TypeScript into one plain module, so that the lab runs it at once: in the lab, every file that Node
 * opens takes time.
 *
 * @param contents - source text; imports are relative to test/lab
 * @param outfile - where to; its source map is left beside it
 */
export async function bundle(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: labSources, loader: 'ts', sourcefile: 'entry.ts' },
    outfile,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    logLevel: 'silent', // the exception has the errors
    banner: {
      js: "import { createRequire as labRequire } from 'node:module'; const require = labRequire(import.meta.url);",
    },
  });
}

/** Bundles the command `lab` of the inside (plug, pull, devices, …) to `out`/lab.mjs. */
export async function bundleLabCommand(out: string): Promise<void> {
  await bundle(`import { main } from './inside/command.js'; await main(process.argv.slice(2));`, join(out, 'lab.mjs'));
}

/** Bundles the programs that checks start, each to `out`/NAME.mjs: `killed`, `racer`. */
export async function bundlePrograms(out: string): Promise<void> {
  for (const name of ['killed', 'racer']) {
    await bundle(
      `import { main } from './inside/${name}.js'; await main(process.argv.slice(2));`,
      join(out, `${name}.mjs`),
    );
  }
}

/** Bundles the checks of some suites with the runner to `out`/checks.mjs. */
export async function bundleSuites(suiteFiles: readonly string[], out: string): Promise<void> {
  const imports = suiteFiles.map((file, i) => `import suite${i} from ${JSON.stringify(file)};`);
  const entry = `${imports.join('\n')}
import { runSuites } from './inside/runner.js';
await runSuites([${suiteFiles.map((_, i) => `suite${i}`).join(', ')}]);`;
  await bundle(entry, join(out, 'checks.mjs'));
}
