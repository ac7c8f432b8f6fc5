import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const ENTRY = join(ROOT, 'src/planner/index.ts');

/** What `qplug/planner` exports, by name, as the compiler sees it. */
let exported: ReadonlyMap<string, ts.Symbol>;
let checker: ts.TypeChecker;

beforeAll(() => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram([ENTRY], { ...options, types: [] });
  checker = program.getTypeChecker();
  const entry = checker.getSymbolAtLocation(program.getSourceFile(ENTRY)!)!;
  const resolved = checker.getExportsOfModule(entry).map((symbol): [string, ts.Symbol] => {
    return [symbol.name, (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)];
  });
  exported = new Map(resolved);
});

function docOf(symbol: ts.Symbol): string {
  const tags = symbol.getJsDocTags(checker).map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`);
  return [ts.displayPartsToString(symbol.getDocumentationComment(checker)), ...tags].join('\n').trim();
}

describe('what qplug/planner exports', () => {
  test('is said of every name', () => {
    expect(exported.size).toBeGreaterThan(40);
    expect([...exported].filter(([, symbol]) => docOf(symbol) === '').map(([name]) => name)).toEqual([]);
  });

  test('a number says what it counts, and in which unit', () => {
    const silent = [...exported].flatMap(([name, symbol]) => {
      if ((symbol.flags & ts.SymbolFlags.Interface) === 0) return [];
      return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).flatMap((property) => {
        const type = checker.getNonNullableType(checker.getTypeOfSymbol(property));
        const alias = type.aliasSymbol?.name;
        const isNumber = (type.flags & ts.TypeFlags.NumberLike) !== 0 && alias !== 'SpeedMask';
        return isNumber && docOf(property) === '' ? [`${name}.${property.name}`] : [];
      });
    });
    expect(silent).toEqual([]);
  });

  test('a function says what it returns', () => {
    const silent = [...exported].filter(([, symbol]) => {
      return (symbol.flags & ts.SymbolFlags.Function) !== 0 && !/@returns? \S/.test(docOf(symbol));
    });
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test.each([
    'negotiate',
    'hostDeviceSpeeds',
    'emulatedMask',
    'HUB_MASK',
    'ich9Group',
    'withController',
    'Speed',
    'RootPort',
    'HubSpec',
    'Verdict',
  ])('%s names the source of its rule in QEMU', (name) => {
    expect(docOf(exported.get(name)!)).toMatch(/(hw|include)\/[\w/.-]+\.[ch]|docs\/config\/[\w.-]+/);
  });

  test('plan tells the objectives in their order, those of docs/planner.md', () => {
    const [, page = ''] =
      /## Objectives\n(.*?)\n\n\*\*/s.exec(readFileSync(join(ROOT, 'docs/planner.md'), 'utf8')) ?? [];
    const words = ['mandatory', 'slower', 'home', 'kept', 'controllers', 'crowding', 'hubs', 'SuperSpeed', 'root'];
    for (const text of [page, docOf(exported.get('plan')!)]) {
      const objectives = text.match(/^\s*\d+\. .*$/gm) ?? [];
      expect(objectives).toHaveLength(words.length);
      for (const [index, word] of words.entries()) expect(objectives[index]).toContain(word);
    }
  });
});
