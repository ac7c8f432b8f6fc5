import { type EvidenceByCode, type Finding, finding } from '../../diag/index.js';

type DescriptorProblem = EvidenceByCode['descriptors-malformed']['problem'];

/** A device with many broken descriptors must not fill the screen with findings. */
const MOST = 16;

/** Collects what is wrong with the descriptors of one device, as warnings. */
export class DescriptorFaults {
  readonly findings: Finding[] = [];
  readonly #device: string;

  /** @param device - its sysfs name, for messages */
  constructor(device: string) {
    this.#device = device;
  }

  /** @param offset - bytes from the start of the file; the catalog says for each problem what `told` and `seen` are */
  add(problem: DescriptorProblem, offset: number, told?: number, seen?: number): void {
    if (this.findings.length >= MOST) return;
    const evidence = { device: this.#device, offset, problem, told, seen };
    this.findings.push(finding('descriptors-malformed', evidence, { severity: 'warning' }));
  }
}
