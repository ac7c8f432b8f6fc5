import { execFile } from 'node:child_process';
import { Deadline } from '../base/index.js';
import { fail } from '../diag/index.js';

/** How long QEMU may take for a question about itself, in ms: a cold disk and a slow machine included. */
const TIMEOUT = 10_000;

/**
 * Runs QEMU for an answer about itself; no machine is started.
 *
 * @param binary - path of the program
 * @param args - such as `--version`
 * @returns stdout and stderr, whatever it exits with
 * @throws QplugError `qemu-silent` after `timeout` ms, `qemu-not-executable`; the reason of `signal` when that is aborted
 */
export async function askQemu(
  binary: string,
  args: readonly string[],
  { signal, timeout = TIMEOUT }: { signal?: AbortSignal | undefined; timeout?: number | undefined } = {},
): Promise<string> {
  using deadline = new Deadline(timeout, signal);
  deadline.signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const options = {
      signal: deadline.signal,
      killSignal: 'SIGKILL',
      maxBuffer: 1024 * 1024,
      env: plainEnvironment(),
    } as const;
    execFile(binary, [...args], options, (error, stdout, stderr) => {
      if (deadline.reached) return reject(fail('qemu-silent', { binary, timeout }, { cause: error }));
      if (deadline.signal.aborted) return reject(deadline.signal.reason);
      // A number is its exit code: it ran. Text is an errno name: it did not.
      if (typeof error?.code === 'string' && !error.code.startsWith('ERR_CHILD_PROCESS_STDIO')) {
        return reject(fail('qemu-not-executable', { binary, reason: error.message }, { cause: error }));
      }
      resolve(`${stdout}\n${stderr}`);
    });
  });
}

/** The environment without a locale, so that answers are in QEMU's own words. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C' };
}
