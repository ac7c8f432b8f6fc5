import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** By the name of a source file: those that are loaded with it at once, itself among them. */
const loaded = new Map<string, readonly string[]>();

beforeAll(async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts', 'src/cli/handlers/look/devices.ts'],
    outdir: 'nowhere',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    write: false,
    metafile: true,
  });
  const { outputs } = metafile;
  const reached = (path: string, seen: Set<string>): Set<string> => {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement') reached(next, seen);
    return seen;
  };
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === undefined) continue;
    const inputs = [...reached(path, new Set())].flatMap((one) => Object.keys(outputs[one]?.inputs ?? {}));
    loaded.set(entryPoint, inputs);
  }
});

const layersOf = (entryPoint: string): string[] => {
  const layers = (loaded.get(entryPoint) ?? []).map(
    (input) => /^(?:src|node_modules)\/[^/]+/.exec(input)?.[0] ?? input,
  );
  return [...new Set(layers)].sort();
};

test('the command line starts with no more than itself and the words for errors', () => {
  expect(layersOf('src/cli/program.ts')).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^src\/(vm|planner|launcher|host|registry|qmp)$/)]),
  );
  expect(layersOf('src/cli/program.ts')).toContain('src/cli');
});

test('qplug devices loads neither the engine nor the planner', () => {
  const layers = layersOf('src/cli/handlers/look/devices.ts');
  expect(layers).toContain('src/host');
  expect(layers).not.toEqual(expect.arrayContaining([expect.stringMatching(/^src\/(vm|planner|qmp)$/)]));
});
