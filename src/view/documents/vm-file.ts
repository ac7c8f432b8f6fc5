import type { VmAndFileChange } from '../../vm/index.js';

/** For programs: what was changed, and where. It is part of the documents of attach and detach. */
export function changedDocument({ live, file }: VmAndFileChange): Record<string, unknown> {
  return {
    live,
    file:
      file === undefined
        ? null
        : {
            path: file.path,
            entries: file.entries.map(({ outcome, select, emulated, line }) => ({
              outcome,
              select: select ?? null,
              emulated: emulated ?? null,
              line,
            })),
          },
  };
}
