/** Why everything stops: something was thrown where nobody could catch it. */
export class Mistake extends Error {
  override readonly name = 'Mistake';
  /** Whether it was put into words. */
  told = false;

  /** @param cause - what was thrown */
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
