import { join } from 'node:path';
import ts from 'typescript';
import type { Code } from '../../../src/diag/index.js';

/** What stands in the evidence where its type has a string or a number. `member`: the name of the member that it is the value of. */
export interface Fill {
  text(member: string, code: Code): string;
  number(member: string, code: Code): number;
}

/** Values of a type: every alternative of every union is in one of them. */
type Values = (fill: Fill) => readonly unknown[];

/** @returns a fill that has the same text for every string; in a label it is the name of a device */
export function sameText(text: string): Fill {
  return { text: (member) => (member === 'label' ? `1209:0001 "${text}" at 1-2` : text), number: () => 7 };
}

/** How often the alternatives of a finding's members are mixed, beside each being taken once. */
const MIXED = 12;

/**
 * Reads the types of all evidence from src/diag/catalog.ts, so that a test tries a finding that somebody adds without a line for it here.
 *
 * @param root - the project's folder
 * @returns by code: its evidence, made with a fill
 */
export function evidenceOfAll(root: string): ReadonlyMap<Code, Values> {
  const file = join(root, 'src/diag/catalog.ts');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.pure.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find(({ name }) => name === 'EvidenceByCode');
  if (symbol === undefined) throw new Error('there is no EvidenceByCode');
  const all = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return new Map(
    all.map((member) => {
      const code = member.name as Code;
      return [code, valuesOf(checker.getTypeOfSymbol(member), code, code, checker)];
    }),
  );
}

function valuesOf(type: ts.Type, name: string, code: Code, checker: ts.TypeChecker): Values {
  if (type.isUnion()) {
    const all = type.types.map((one) => valuesOf(one, name, code, checker));
    return (fill) => all.flatMap((one) => one(fill));
  }
  if (type.isStringLiteral() || type.isNumberLiteral()) return () => [type.value];
  if (type.flags & ts.TypeFlags.BooleanLiteral) return () => [checker.typeToString(type) === 'true'];
  if (type.flags & ts.TypeFlags.String) return (fill) => [fill.text(name, code)];
  if (type.flags & ts.TypeFlags.Number) return (fill) => [fill.number(name, code)];
  if (type.flags & ts.TypeFlags.Undefined) return () => [undefined];
  if (type.flags & ts.TypeFlags.Null) return () => [null];
  if (checker.isTupleType(type)) {
    const members = checker.getTypeArguments(type as ts.TypeReference).map((one) => valuesOf(one, name, code, checker));
    return (fill) => mixed(members.map((member) => member(fill)));
  }
  if (checker.isArrayType(type)) {
    const [member] = checker
      .getTypeArguments(type as ts.TypeReference)
      .map((one) => valuesOf(one, name, code, checker));
    return (fill) => {
      const values = member?.(fill) ?? [];
      return [[...values.slice(0, 2), ...values.slice(0, 1)], values.slice(0, 1), values.slice(1, 2), []];
    };
  }
  if ((type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) === 0) {
    throw new Error(`evidence of type ${checker.typeToString(type)} (${name})`);
  }
  const members = checker
    .getPropertiesOfType(type)
    .map((one): [string, Values] => [one.name, valuesOf(checker.getTypeOfSymbol(one), one.name, code, checker)]);
  return (fill) =>
    mixed(members.map(([, member]) => member(fill))).map((values) =>
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
