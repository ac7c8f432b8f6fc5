/** What the system says when it has no more of something itself (errno(3)). */
const SHORT: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

/**
 * For where an error is read as "it is not there": a system that is short of descriptors or memory says nothing about what was asked for.
 *
 * @throws the error, when it tells of such a shortage
 */
export function throwIfShort(error: unknown): void {
  if (SHORT.includes((error as { readonly code?: unknown } | undefined)?.code)) throw error;
}
