/** ms that a busy machine may take for what a quiet one does in a moment. Bounds a hang; says nothing of speed. */
export const PATIENCE = 120_000;

/** Ends a wait for what a quiet machine does in a moment. */
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE);

/**
 * Lets a short deadline pass. A busy machine may reach it before the point that a test is about: then the same is done again, with more
 * time.
 *
 * @param first - ms: enough for a quiet machine to come to that point
 * @param act - given the ms until its deadline; when it is done again it begins where it began before
 * @param cameFar - whether it came to the point that is meant
 * @returns the first outcome that came so far; else the last one
 */
export async function pastDeadline<T>(
  first: number,
  act: (timeout: number) => Promise<T>,
  cameFar: (outcome: T) => boolean,
): Promise<T> {
  for (let timeout = first; ; timeout *= 4) {
    const outcome = await act(timeout);
    if (cameFar(outcome) || timeout * 4 > PATIENCE) return outcome;
  }
}
