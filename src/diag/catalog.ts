import { hostDevices } from './catalog/host/host-devices.js';
import { hostFile } from './catalog/host/host-file.js';
import { hostFileGaps } from './catalog/host/host-file-gaps.js';
import { permission } from './catalog/host/permission.js';
import { selectors } from './catalog/host/selectors.js';
import { emulatedDevices } from './catalog/placing/emulated-devices.js';
import { machine } from './catalog/placing/machine.js';
import { places } from './catalog/placing/places.js';
import { ports } from './catalog/placing/ports.js';
import { commandLine } from './catalog/program/command-line.js';
import { database } from './catalog/program/database.js';
import { doctor } from './catalog/program/doctor.js';
import { folders } from './catalog/program/folders.js';
import { output } from './catalog/program/output.js';
import { system } from './catalog/program/system.js';
import { qemuArgs } from './catalog/qemu/qemu-args.js';
import { qemuProgram } from './catalog/qemu/qemu-program.js';
import { qemuUser } from './catalog/qemu/qemu-user.js';
import { qmpConnection } from './catalog/qemu/qmp-connection.js';
import { qmpMessages } from './catalog/qemu/qmp-messages.js';
import { attach } from './catalog/vm/attach.js';
import { claims } from './catalog/vm/claims.js';
import { detach } from './catalog/vm/detach.js';
import { identity } from './catalog/vm/identity.js';
import { interruption } from './catalog/vm/interruption.js';
import { lifeCycle } from './catalog/vm/life-cycle.js';
import { migration } from './catalog/vm/migration.js';
import { snapshotRestore } from './catalog/vm/snapshot-restore.js';
import { snapshots } from './catalog/vm/snapshots.js';
import { status } from './catalog/vm/status.js';
import { drives } from './catalog/vm-file/drives.js';
import { vmFile } from './catalog/vm-file/vm-file.js';
import { vmFileEdits } from './catalog/vm-file/vm-file-edits.js';
import { vmFileValues } from './catalog/vm-file/vm-file-values.js';
import type { CatalogEntry, EvidenceOf, Kind, Severity, SourceLocation, Text, Told } from './finding.js';
import { fixLines } from './fix.js';
import { printable } from './printable.js';

/** Every code with the evidence that it carries. catalog/ has one file for each subject. */
export interface EvidenceByCode
  extends EvidenceOf<typeof attach>,
    EvidenceOf<typeof claims>,
    EvidenceOf<typeof commandLine>,
    EvidenceOf<typeof database>,
    EvidenceOf<typeof detach>,
    EvidenceOf<typeof doctor>,
    EvidenceOf<typeof drives>,
    EvidenceOf<typeof emulatedDevices>,
    EvidenceOf<typeof folders>,
    EvidenceOf<typeof hostDevices>,
    EvidenceOf<typeof hostFile>,
    EvidenceOf<typeof hostFileGaps>,
    EvidenceOf<typeof identity>,
    EvidenceOf<typeof interruption>,
    EvidenceOf<typeof lifeCycle>,
    EvidenceOf<typeof machine>,
    EvidenceOf<typeof migration>,
    EvidenceOf<typeof output>,
    EvidenceOf<typeof permission>,
    EvidenceOf<typeof places>,
    EvidenceOf<typeof ports>,
    EvidenceOf<typeof qemuArgs>,
    EvidenceOf<typeof qemuProgram>,
    EvidenceOf<typeof qemuUser>,
    EvidenceOf<typeof qmpConnection>,
    EvidenceOf<typeof qmpMessages>,
    EvidenceOf<typeof selectors>,
    EvidenceOf<typeof snapshotRestore>,
    EvidenceOf<typeof snapshots>,
    EvidenceOf<typeof status>,
    EvidenceOf<typeof system>,
    EvidenceOf<typeof vmFile>,
    EvidenceOf<typeof vmFileEdits>,
    EvidenceOf<typeof vmFileValues> {}

/** The stable name of a finding, for programs to match on. */
export type Code = keyof EvidenceByCode;

/** One finding: data, no text. Only `describe` words it. */
export type Finding = {
  readonly [C in Code]: {
    readonly code: C;
    readonly severity: Severity;
    readonly evidence: EvidenceByCode[C];
    readonly location?: SourceLocation | undefined;
  };
}[Code];

// marked as pure, so that a bundle without `describe` (the planner in a browser) has no words in it
const catalog: { readonly [C in Code]: CatalogEntry<EvidenceByCode[C]> } = /* @__PURE__ */ (() => ({
  ...attach,
  ...claims,
  ...commandLine,
  ...database,
  ...detach,
  ...doctor,
  ...drives,
  ...emulatedDevices,
  ...folders,
  ...hostDevices,
  ...hostFile,
  ...hostFileGaps,
  ...identity,
  ...interruption,
  ...lifeCycle,
  ...machine,
  ...migration,
  ...output,
  ...permission,
  ...places,
  ...ports,
  ...qemuArgs,
  ...qemuProgram,
  ...qemuUser,
  ...qmpConnection,
  ...qmpMessages,
  ...selectors,
  ...snapshotRestore,
  ...snapshots,
  ...status,
  ...system,
  ...vmFile,
  ...vmFileEdits,
  ...vmFileValues,
}))();

/** Makes a finding; its severity is `error` unless `more` has another. */
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

/** @returns the kind of a code */
export function kindOf(code: Code): Kind {
  return catalog[code].kind;
}

/** @returns the words of a finding; its fix is data: commands, options and advice */
export function wordsOf(found: Finding): Text {
  const entry = catalog[found.code] as CatalogEntry<unknown>;
  return entry.text(found.evidence);
}

/** @returns the words of a finding; `where` is its location if the entry gives no `where` */
export function describe(found: Finding): Told {
  const { fix, ...said } = wordsOf(found);
  const lines = fixLines(fix);
  const text: Told = lines === undefined ? said : { ...said, fix: lines };
  if (text.where !== undefined || found.location === undefined) return text;
  const { file, line, column } = found.location;
  return { ...text, where: `${printable(file)}:${line}:${column}` };
}
