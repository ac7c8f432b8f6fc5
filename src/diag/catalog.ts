import { type BaseEvidence, baseCatalog } from './catalog/base.js';
import { type CliEvidence, cliCatalog } from './catalog/cli.js';
import { type ConfigEvidence, configCatalog } from './catalog/config.js';
import { type GuardEvidence, guardCatalog } from './catalog/guards.js';
import { type HostEvidence, hostCatalog } from './catalog/host.js';
import { type HostFileEvidence, hostFileCatalog } from './catalog/host-file.js';
import { type LauncherEvidence, launcherCatalog } from './catalog/launcher.js';
import { type MigrationEvidence, migrationCatalog } from './catalog/migration.js';
import { type PlannerEvidence, plannerCatalog } from './catalog/planner.js';
import { type QmpEvidence, qmpCatalog } from './catalog/qmp.js';
import { type RegistryEvidence, registryCatalog } from './catalog/registry.js';
import { type SnapshotEvidence, snapshotCatalog } from './catalog/snapshot.js';
import { type SystemEvidence, systemCatalog } from './catalog/system.js';
import { type VmEvidence, vmCatalog } from './catalog/vm.js';
import type { Catalog, CatalogEntry, Kind, Severity, SourceLocation, Text, Told } from './finding.js';
import { fixLines } from './fix.js';
import { printable } from './printable.js';

/** Every code with the evidence that it carries. One file per layer in catalog/. */
export interface EvidenceByCode
  extends BaseEvidence,
    SystemEvidence,
    QmpEvidence,
    HostEvidence,
    GuardEvidence,
    HostFileEvidence,
    PlannerEvidence,
    ConfigEvidence,
    LauncherEvidence,
    RegistryEvidence,
    SnapshotEvidence,
    VmEvidence,
    MigrationEvidence,
    CliEvidence {}

/** The stable name of a finding, for programs to match on. */
export type Code = keyof EvidenceByCode;

/** One thing found: data, no text. Its words are made by `describe` alone. */
export type Finding = {
  readonly [C in Code]: {
    readonly code: C;
    readonly severity: Severity;
    readonly evidence: EvidenceByCode[C];
    readonly location?: SourceLocation | undefined;
  };
}[Code];

// marked as pure, so that a bundle that words nothing (plan alone, in a browser) goes without the words
const catalog: Catalog<EvidenceByCode> = /* @__PURE__ */ (() => ({
  ...baseCatalog,
  ...systemCatalog,
  ...qmpCatalog,
  ...hostCatalog,
  ...guardCatalog,
  ...hostFileCatalog,
  ...plannerCatalog,
  ...configCatalog,
  ...launcherCatalog,
  ...registryCatalog,
  ...snapshotCatalog,
  ...vmCatalog,
  ...migrationCatalog,
  ...cliCatalog,
}))();

/** Makes a finding; severity is `error` unless told otherwise. */
export function finding<C extends Code>(
  code: C,
  evidence: EvidenceByCode[C],
  more: { severity?: Severity; location?: SourceLocation | undefined } = {},
): Finding {
  return {
    code,
    severity: more.severity ?? 'error',
    evidence,
    ...(more.location === undefined ? {} : { location: more.location }),
  } as unknown as Finding;
}

/** @returns what can be done about a code */
export function kindOf(code: Code): Kind {
  return catalog[code].kind;
}

/** @returns the words of a finding with its fix as data: what of it is typed, and what is said */
export function wordsOf(found: Finding): Text {
  const entry = catalog[found.code] as CatalogEntry<unknown>;
  return entry.text(found.evidence);
}

/** @returns the words of a finding; its `location` stands in `where` when the entry names none */
export function describe(found: Finding): Told {
  const { fix, ...said } = wordsOf(found);
  const lines = fixLines(fix);
  const text: Told = lines === undefined ? said : { ...said, fix: lines };
  if (text.where !== undefined || found.location === undefined) return text;
  const { file, line, column } = found.location;
  return { ...text, where: `${printable(file)}:${line}:${column}` };
}
