/**
 * Calls what a user of the connection gave us. If that throws it is a bug of the user, to be seen as an uncaught exception;
 * it must not stop the reading of the stream half way.
 */
export function callOut(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
