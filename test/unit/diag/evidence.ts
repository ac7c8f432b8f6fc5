import { join } from 'node:path';
import ts from 'typescript';
import type { Code } from '../../../src/diag/index.js';

const ROOT = join(import.meta.dirname, '../../..');

/** A member by its name, where its text has a form that the words take apart. */
const FORMS: Readonly<Record<string, (text: string) => string>> = {
  label: (text) => `1209:0001 "${text}" at 1-2`,
};

/** How often the alternatives of a finding's members are mixed, beside each being taken once. */
const MIXED = 12;

/** Values of a type: every alternative of every union is in one of them. `text` stands where a string is. */
type Values = (text: string) => readonly unknown[];

/**
 * Reads the types of all evidence, so that a finding that somebody adds is tried without being written down here.
 *
 * @returns by code: its evidence with a text in the place of every string
 */
export function evidenceOfAll(): ReadonlyMap<Code, Values> {
  const file = join(ROOT, 'src/diag/catalog.ts');
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.pure.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find(({ name }) => name === 'EvidenceByCode');
  if (symbol === undefined) throw new Error('there is no EvidenceByCode');
  const all = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return new Map(all.map((one) => [one.name as Code, valuesOf(checker.getTypeOfSymbol(one), one.name, checker)]));
}

function valuesOf(type: ts.Type, name: string, checker: ts.TypeChecker): Values {
  if (type.isUnion()) {
    const all = type.types.map((one) => valuesOf(one, name, checker));
    return (text) => all.flatMap((one) => one(text));
  }
  if (type.isStringLiteral() || type.isNumberLiteral()) return () => [type.value];
  if (type.flags & ts.TypeFlags.BooleanLiteral) return () => [checker.typeToString(type) === 'true'];
  if (type.flags & ts.TypeFlags.String) return (text) => [(FORMS[name] ?? String)(text)];
  if (type.flags & ts.TypeFlags.Number) return () => [7];
  if (type.flags & ts.TypeFlags.Undefined) return () => [undefined];
  if (type.flags & ts.TypeFlags.Null) return () => [null];
  if (checker.isTupleType(type)) {
    const members = checker.getTypeArguments(type as ts.TypeReference).map((one) => valuesOf(one, name, checker));
    return (text) => mixed(members.map((member) => member(text)));
  }
  if (checker.isArrayType(type)) {
    const [member] = checker.getTypeArguments(type as ts.TypeReference).map((one) => valuesOf(one, name, checker));
    return (text) => {
      const values = member?.(text) ?? [];
      return [[...values.slice(0, 2), ...values.slice(0, 1)], values.slice(0, 1), values.slice(1, 2), []];
    };
  }
  if ((type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) === 0) {
    throw new Error(`evidence of type ${checker.typeToString(type)} (${name})`);
  }
  const members = checker
    .getPropertiesOfType(type)
    .map((one): [string, Values] => [one.name, valuesOf(checker.getTypeOfSymbol(one), one.name, checker)]);
  return (text) =>
    mixed(members.map(([, member]) => member(text))).map((values) =>
      Object.fromEntries(members.map(([key], index) => [key, values[index]])),
    );
}

/** @returns rows with one value of each column: each value once, then mixed in an order that is always the same */
function mixed(columns: readonly (readonly unknown[])[]): unknown[][] {
  const most = Math.max(1, ...columns.map(({ length }) => length));
  const rows = most === 1 ? 1 : most + MIXED;
  let seed = 1;
  const pick = (row: number, { length }: readonly unknown[]): number => {
    if (row < most) return row % length;
    seed = (seed * 48_271) % 0x7fff_ffff; // Park and Miller's generator
    return seed % length;
  };
  return Array.from({ length: rows }, (_, row) => columns.map((column) => column[pick(row, column)]));
}
