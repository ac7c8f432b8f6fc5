import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, longest first. Begun last one of them runs alone at the end of its stage, beside a processor that has
 * nothing to do; how long a file takes is not known in a fresh clone, and its size says nothing of it.
 */
const LONGEST: readonly string[] = [
  // two machines are booted side by side, the third after that
  'test/lab/reliability.test.ts',
  'test/lab/placing.test.ts',
  'test/unit/planner/on-line.test.ts',
  'test/unit/planner/fixes/find-fixes.test.ts',
  'test/unit/planner/optimum.test.ts',
  'test/unit/cli/explain.test.ts',
  'test/unit/planner/questions/explain.test.ts',
  'test/unit/vm/plan/file-fixes.test.ts',
  'test/unit/view/picture/layout.test.ts',
  'test/unit/host/file/recording/tar.test.ts',
  'test/unit/architecture/planner-in-a-browser.test.ts',
  'test/unit/config/edit/properties.test.ts',
  'test/unit/access/give-back.test.ts',
  'test/unit/planner/questions/best-move.test.ts',
  'test/unit/registry/claims/claim-store.test.ts',
];

/** Begins with the files that take longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
