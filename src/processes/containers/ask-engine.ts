import { homedir, userInfo } from 'node:os';
import { DeadlineReached, ownUid, runProgram, SYSTEM_FOLDERS } from '../../base/index.js';
import { type Inspection, parseInspection } from './inspection.js';

/** ms for an engine to answer. */
const TIMEOUT = 10_000;

/** Bytes of an answer: that of a container with hundreds of labels and mounts is smaller by far. */
const MAX_OUTPUT = 4 * 1024 * 1024;

/** An engine's answer to a name. `none`: it has no such container; `failed`: it can't say, and why. */
export type Answer =
  | { readonly answer: 'found'; readonly inspection: Inspection }
  | { readonly answer: 'none' }
  | { readonly answer: 'failed'; readonly reason: string };

/**
 * docker: `Error: No such container: NAME`, from 26 on `Error response from daemon: No such container: NAME`; podman: `Error: no such
 * container NAME`, from 4 on with `inspecting object:`; nerdctl: `1 errors: [no such container: NAME]`, before 1.0 `no such object`.
 */
const NONE = /\bno such (container|object)\b/i;

/** Asks an engine for a container by its program, which finds the engine's service and the user's settings by itself. */
export async function askEngine(
  program: string,
  name: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    const limits = { timeout: TIMEOUT, signal, most: MAX_OUTPUT };
    const options = { env: surroundings(env), cwd: '/' };
    const { code, stdout, stderr } = await runProgram(program, ['container', 'inspect', name], options, limits);
    if (code !== 0)
      return NONE.test(stderr) ? { answer: 'none' } : { answer: 'failed', reason: lastLine(stderr, code) };
    const inspection = parseInspection(stdout);
    if (inspection === undefined) return { answer: 'failed', reason: 'its answer does not describe one container' };
    return { answer: 'found', inspection };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DeadlineReached) return { answer: 'failed', reason: `no answer within ${TIMEOUT / 1000} s` };
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    return { answer: 'failed', reason: code };
  }
}

/**
 * A user's settings are the user's own. Root takes none from its environment, which may be that of the user who ran sudo: DOCKER_HOST, and
 * HOME with its plugins and credential helpers.
 */
function surroundings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (ownUid() !== 0) return { HOME: homedir(), ...env, LC_ALL: 'C' };
  return { HOME: userInfo().homedir, PATH: SYSTEM_FOLDERS.join(':'), LC_ALL: 'C' };
}

/** The engines print warnings first. */
function lastLine(stderr: string, code: number | null): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? (code === null ? 'it was killed' : `exit code ${code}`);
}
