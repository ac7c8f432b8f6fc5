import { type EvidenceByCode, type Finding, finding } from '../../diag/index.js';
import { placeOf, type TextLine } from './text-line.js';

/** The kinds of files that describe a host. */
export type HostFileFormat = EvidenceByCode['host-file-untold']['format'];

type LineEvidence = EvidenceByCode['host-file-line'];

/** More findings than this help nobody; the rest is counted. */
const MOST = 50;

/** Collects what is wrong in a file that describes a host. Everything is a warning, since the rest of the file is used. */
export class FileFindings {
  readonly file: string;
  readonly #findings: Finding[] = [];
  #others = 0;

  /** @param file - its name, for locations */
  constructor(file: string) {
    this.file = file;
  }

  /** @param column - in the text of the line, from 1; by default where the text begins */
  line(
    problem: LineEvidence['problem'],
    at: TextLine,
    more: Partial<Pick<LineEvidence, 'field' | 'told' | 'seen'>> & { readonly column?: number } = {},
  ): void {
    const { field, told, seen, column = 1 + at.text.search(/\S|$/) } = more;
    const evidence = { problem, text: at.text.slice(0, 200), field, told, seen };
    this.add(
      finding('host-file-line', evidence, {
        severity: 'warning',
        location: { file: this.file, ...placeOf(at, column - 1) },
      }),
    );
  }

  archive(problem: EvidenceByCode['host-file-archive']['problem'], at: number | string): void {
    this.add(finding('host-file-archive', { file: this.file, problem, at }, { severity: 'warning' }));
  }

  /** @param where - the path of the wrong value: `devices[2].megabits` */
  document(where: string, reason: string): void {
    this.add(finding('host-document-invalid', { file: this.file, where, reason }, { severity: 'warning' }));
  }

  untold(format: HostFileFormat, untold: EvidenceByCode['host-file-untold']['untold']): void {
    if (untold.length === 0) return;
    this.#findings.push(finding('host-file-untold', { file: this.file, format, untold }, { severity: 'note' }));
  }

  add(found: Finding): void {
    if (this.#findings.length < MOST) this.#findings.push(found);
    else this.#others++;
  }

  /** @returns all of them, in the order of the file */
  all(): readonly Finding[] {
    if (this.#others === 0) return this.#findings;
    const more = finding('host-file-more', { file: this.file, others: this.#others }, { severity: 'warning' });
    return [...this.#findings, more];
  }
}
