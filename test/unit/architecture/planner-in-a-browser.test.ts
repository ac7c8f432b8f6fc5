import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as planner from '../../../src/planner/index.js';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/planner.md'), 'utf8');

/** Bundles code for a browser. `qplug/planner` is what the package exports under this name, as it was built. */
async function bundle(code: string, minify = false): Promise<string> {
  const { outputFiles, warnings } = await build({
    stdin: { contents: code, loader: 'ts', resolveDir: ROOT },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify,
    write: false,
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  return outputFiles[0]?.text ?? '';
}

/** Runs code where there is the language and nothing else: no process, no Buffer, no console, no timers, no text decoder. */
function runBare(code: string, given: Readonly<Record<string, unknown>> = {}): vm.Context {
  const context = vm.createContext({ ...given }, { codeGeneration: { strings: false, wasm: false } });
  for (const name of ['process', 'Buffer', 'require', 'setTimeout', 'TextDecoder', 'structuredClone', 'fetch']) {
    expect(vm.runInContext(`typeof ${name}`, context)).toBe('undefined');
  }
  vm.runInContext(code, context, { timeout: 10_000 });
  return context;
}

/** A request of every kind of thing, made with what `qplug/planner` exports. */
const REQUEST = `
  const version = planner.parseQemuVersion('QEMU emulator version 7.2.22');
  const controllers = [
    { id: 'xhci', model: 'qemu-xhci', p2: 4, p3: 2 },
    ...planner.ich9Group('ehci', { pciBus: 'pcie.0', slot: 0x1d }),
  ];
  const bare = controllers.reduce(planner.withController, planner.emptyTopology(version));
  const withHub = planner.withHub(bare, 'ehci.0', { id: 'hub', port: '1' });
  const topology = planner.withDevice(withHub, 'ehci.0', { id: 'old', driver: 'usb-mouse', port: '1.2', megabits: 12 });
  const terms = { mandatory: true, slower: 'refuse' };
  const device = (key, more) => ({ key, label: key, ...terms, ...more });
  const request = {
    topology,
    growth: { hubs: true, controllers: [{ id: 'more', model: 'qemu-xhci' }] },
    devices: [
      device('disk', planner.hostDeviceSpeeds({ megabits: 5000, configurations: [] }, version)),
      device('tablet', planner.emulatedMask('usb-tablet')),
      device('slow', { mask: planner.LOW, native: 'low', pin: { controller: 'ehci' } }),
      device('hub2', { mask: planner.HUB_MASK, native: 'full', hubPorts: 4 }),
      device('lost', { mask: planner.SUPER, native: 'super', pin: { controller: 'ehci' } }),
      ...Array.from({ length: 12 }, (_, i) => device('kbd' + i, planner.emulatedMask('usb-kbd', { usb_version: 1 }))),
    ],
  };
  const made = planner.plan(request);
  const findings = planner.planFindings(made, { vm: 'bench' }).map(planner.describe);
  const free = made.after.controllers.map((one) => planner.freePorts(one).map(({ port }) => port));
  result = JSON.stringify({ made, findings, free });
`;

describe('qplug/planner in a browser', () => {
  test('gives the same plan where there is nothing but the language', async () => {
    const context = runBare(
      await bundle(`import * as planner from 'qplug/planner';\n${REQUEST.replace('result', 'globalThis.result')}`),
    );
    const here = new Function('planner', `let result;${REQUEST} return result;`)(planner);
    const result = JSON.parse(context['result']);
    expect(result).toEqual(JSON.parse(here));
    expect(result.made.placements).toHaveLength(16);
    expect(result.findings).toHaveLength(1);
  });

  test('exports what its source does', async () => {
    const context = runBare(
      await bundle("import * as planner from 'qplug/planner';\nglobalThis.names = Object.keys(planner);"),
    );
    expect([...context['names']].sort()).toEqual(Object.keys(planner).sort());
  });

  test.each([
    ['what describes a VM takes', '{ plan, emptyTopology, withController, hostDeviceSpeeds, emulatedMask }'],
    ['it is', '*'],
  ])('is as big as docs/planner.md says: "%s"', async (words, names) => {
    const text = await bundle(
      names === '*'
        ? "import * as all from 'qplug/planner';\nglobalThis.all = all;"
        : `import ${names} from 'qplug/planner';\nglobalThis.all = ${names};`,
      true,
    );
    const [, whole, zipped] = new RegExp(`${words} about (\\d+) kB \\((\\d+) kB with gzip\\)`).exec(PAGE) ?? [];
    const bytes = { whole: text.length, zipped: gzipSync(text).length };
    expect(Math.abs(bytes.whole / 1000 / Number(whole) - 1), JSON.stringify(bytes)).toBeLessThan(0.25);
    expect(Math.abs(bytes.zipped / 1000 / Number(zipped) - 1), JSON.stringify(bytes)).toBeLessThan(0.25);
  });
});

describe('the example of docs/planner.md', () => {
  const examples = [...PAGE.matchAll(/```ts\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g)];
  const [[, code = '', output = ''] = []] = examples;

  test('is there, with its output', () => {
    expect(examples).toHaveLength(PAGE.match(/^```ts$/gm)?.length ?? 0);
    expect(examples.length).toBeGreaterThan(0);
  });

  test('has right types, with no types of Node', () => {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
    const name = join(ROOT, 'docs/example.mts');
    const settings: ts.CompilerOptions = {
      ...options,
      isolatedDeclarations: false,
      declaration: false,
      types: [],
      paths: { 'qplug/planner': [join(ROOT, 'src/planner/index.ts')] },
    };
    const host = ts.createCompilerHost(settings);
    const { readFile, fileExists } = host;
    const text = `declare const console: { log(text: string): void };\n${code}`;
    host.readFile = (path) => (path === name ? text : readFile(path));
    host.fileExists = (path) => path === name || fileExists(path);
    const problems = ts
      .getPreEmitDiagnostics(ts.createProgram([name], settings, host))
      .filter(({ file }) => file?.fileName === name);
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  test('prints what the page shows', async () => {
    const lines: string[] = [];
    runBare(await bundle(code), { console: { log: (line: string) => lines.push(line) } });
    expect(`${lines.join('\n')}\n`).toBe(output);
  });
});
