/**
 * The policy of a system. Input: the file that root writes; output: its rules, or all that is wrong with the file. `src/access` decides with
 * these rules who may have a device.
 */

import { lstat, readFile } from 'node:fs/promises';
import { readPlainFile, untrusted } from '../../base/index.js';
import { type Finding, finding, QplugError } from '../../diag/index.js';
import type { Policy } from './policy.js';

/** The path of a system's policy. The environment can't change it, because a denied user could then choose another policy. */
export const POLICY_FILE = '/etc/qplug/policy.yaml';

/** The largest policy, in bytes. */
const MAX_BYTES = 256 * 1024;

/**
 * Reads the policy of this host. Loads the YAML parser only if there is a policy.
 *
 * @param checkSelector - see `PolicyChecks`
 * @returns undefined if there is none: then every device is allowed
 * @throws QplugError `policy-unusable` if it exists but can't be read, is not valid, or users other than root and this one can change it:
 *   then no device is allowed
 */
export async function loadPolicy(
  path: string,
  checkSelector: (text: string) => string | undefined,
): Promise<Policy | undefined> {
  const bytes = await readPolicy(path);
  if (bytes === undefined) return undefined;
  const text = decode(bytes, path);
  const [{ parsePolicy }, passwd, group] = await Promise.all([
    import('./parse-policy.js'),
    optional('/etc/passwd'),
    optional('/etc/group'),
  ]);
  return parsePolicy(text, path, { checkSelector, passwd, group });
}

async function readPolicy(path: string): Promise<Buffer | undefined> {
  const others = untrusted(path);
  if (others !== undefined) throw unusable(path, finding('policy-untrusted', { ...others }));
  try {
    return readPlainFile(path, MAX_BYTES);
  } catch (error) {
    // a dangling link does not count as a missing policy
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isThere(path));
    if (isMissing) return undefined;
    throw unusable(path, wrong((error as Error).message), error);
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function decode(bytes: Buffer, path: string): string {
  if (bytes.length > MAX_BYTES) {
    throw unusable(path, wrong(`it has more than ${MAX_BYTES} bytes`));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unusable(path, wrong('it is not UTF-8 text'), error);
  }
}

const wrong = (reason: string): Finding => finding('policy-wrong', { reason });

function unusable(path: string, why: Finding, cause?: unknown): QplugError {
  return new QplugError([finding('policy-unusable', { path }), why], { cause });
}

function optional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
