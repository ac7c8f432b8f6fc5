/** Error codes of a system without free descriptors or memory (errno(3)). */
const SHORT: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

/**
 * For code that reads an error as "it does not exist": an error about a shortage of descriptors or memory does not prove that.
 *
 * @throws the error, if it reports such a shortage
 */
export function throwIfShort(error: unknown): void {
  if (SHORT.includes((error as { readonly code?: unknown } | undefined)?.code)) throw error;
}
