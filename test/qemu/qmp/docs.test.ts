import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { startQemu } from '../harness/plain-qemu.js';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/qmp.md'), 'utf8');
const CLIENT = join(ROOT, 'src/qmp/index.ts');

/** Each example with the heading above it and the output that the page shows for it. */
const EXAMPLES = [...PAGE.matchAll(/```ts\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g)].map((match, index) => ({
  title: `${index + 1}: ${PAGE.slice(0, match.index)
    .match(/^## (.*)$/gm)
    ?.at(-1)}`,
  code: match[1] ?? '',
  output: match[2] ?? '',
}));

/** The options of the command at the top of the page that `startQemu` does not give itself. */
const MACHINE = ['-M', 'pc', '-device', 'qemu-xhci,id=xhci,p2=15,p3=15'];

describe('the examples of docs/qmp.md', () => {
  test('the page has examples, each with its output, and the QEMU that they run against', () => {
    expect(EXAMPLES).toHaveLength(PAGE.match(/^```ts$/gm)?.length ?? 0);
    expect(EXAMPLES.length).toBeGreaterThan(5);
    expect(PAGE).toContain(`-M pc -S -display none -device ${MACHINE[3]} -qmp unix:vm.qmp,server=on,wait=off`);
  });

  test('they have right types', () => {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
    const files = new Map(EXAMPLES.map(({ code }, index) => [join(ROOT, `docs/example-${index + 1}.mts`), code]));
    const settings = {
      ...options,
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      paths: { 'qplug/qmp': [CLIENT] },
    };
    const host = ts.createCompilerHost(settings);
    const { readFile, fileExists } = host;
    host.readFile = (name) => files.get(name) ?? readFile(name);
    host.fileExists = (name) => files.has(name) || fileExists(name);
    const program = ts.createProgram([...files.keys()], settings, host);
    const problems = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file === undefined || files.has(file.fileName));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  test.each(EXAMPLES)('$title prints what the page shows', async ({ code, output }) => {
    await using qemu = await startQemu(...MACHINE);
    const bundle = await build({
      stdin: { contents: code, loader: 'ts', resolveDir: ROOT },
      alias: { 'qplug/qmp': CLIENT },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      write: false,
    });
    writeFileSync(join(qemu.folder, 'example.mjs'), bundle.outputFiles[0]?.text ?? '');
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['example.mjs'], { cwd: qemu.folder });
    expect(stdout).toBe(output);
    expect(stderr).toBe('');
  });
});
