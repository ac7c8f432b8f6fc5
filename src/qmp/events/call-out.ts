/**
 * Calls a function that a user of the connection passed in. If it throws, that is a bug in the user's code: it becomes an uncaught
 * exception, but does not stop the reading of the stream half way.
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
