import { isAbsolute, join } from 'node:path';
import { fail } from '../diag/index.js';

type Environment = Readonly<Record<string, string | undefined>>;

function absolute(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/**
 * The folder for all VMs of this user: `QPLUG_RUNTIME_DIR`, else /run/qplug for root, else `$XDG_RUNTIME_DIR/qplug`.
 *
 * @param env - environment variables; a value that is not an absolute path counts as unset (XDG Base Directory Specification)
 * @param uid - the user of qplug
 * @throws QplugError `runtime-dir-unknown`
 */
export function runtimeDir(env: Environment, uid: number): string {
  const own = absolute(env, 'QPLUG_RUNTIME_DIR');
  if (own !== undefined) return own;
  if (uid === 0) return '/run/qplug';
  const variable = 'XDG_RUNTIME_DIR';
  const base = absolute(env, variable);
  if (base === undefined) throw fail('runtime-dir-unknown', { variable });
  return join(base, 'qplug');
}

/**
 * The folder that survives a reboot: `QPLUG_STATE_DIR`, else `state` in `QPLUG_RUNTIME_DIR` if that is set, else
 * /var/lib/qplug for root, else `$XDG_STATE_HOME/qplug`, else ~/.local/state/qplug.
 *
 * @returns undefined for a user without a home: then qplug remembers nothing
 */
export function stateDir(env: Environment, uid: number): string | undefined {
  const own = absolute(env, 'QPLUG_STATE_DIR');
  if (own !== undefined) return own;
  const runtime = absolute(env, 'QPLUG_RUNTIME_DIR');
  if (runtime !== undefined) return join(runtime, 'state');
  if (uid === 0) return '/var/lib/qplug';
  const home = absolute(env, 'HOME');
  const base = absolute(env, 'XDG_STATE_HOME') ?? (home === undefined ? undefined : join(home, '.local', 'state'));
  return base === undefined ? undefined : join(base, 'qplug');
}
