import { type EvidenceByCode, type Finding, finding } from '../../diag/index.js';

type DescriptorProblem = EvidenceByCode['descriptors-malformed']['problem'];

/** A device that is broken from end to end need not fill a screen. */
const MOST = 16;

/** Collects what is wrong with the descriptors of one device, as warnings. */
export class DescriptorFaults {
  readonly findings: Finding[] = [];
  readonly #device: string;

  /** @param device - its sysfs name, for messages */
  constructor(device: string) {
    this.#device = device;
  }

  /** @param offset - bytes from the start; `told` and `seen` mean what the catalog says for the problem */
  add(problem: DescriptorProblem, offset: number, told?: number, seen?: number): void {
    if (this.findings.length >= MOST) return;
    const evidence = { device: this.#device, offset, problem, told, seen };
    this.findings.push(finding('descriptors-malformed', evidence, { severity: 'warning' }));
  }
}
