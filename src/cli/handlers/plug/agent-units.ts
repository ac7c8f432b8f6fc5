import { isAbsolute, join } from 'node:path';
import { untrusted } from '../../../base/index.js';
import { fail, printable } from '../../../diag/index.js';
import {
  type Manager,
  type RemovedUnit,
  removeUnits,
  type Unit,
  unitsOf,
  type WrittenUnit,
  writeUnits,
} from '../../../service/index.js';
import type { Outcome } from '../../command.js';
import { lines } from '../../render/lines.js';
import type { Terminal } from '../../terminal.js';

/** A file of systemd, and what became of it. */
type UnitReport = WrittenUnit | RemovedUnit | { readonly path: string; readonly text: string; readonly state: 'shown' };

/**
 * Writes or removes the units of systemd: those of the system for root, and else those of this user. Starts and stops nothing.
 *
 * @throws QplugError as `unitsOf`, `writeUnits` and `removeUnits` · `unit-program-untrusted` · `units-folder-unknown`
 */
export function manageUnits(verb: 'install' | 'uninstall', isDry: boolean, terminal: Terminal): Outcome {
  const manager: Manager = terminal.uid === 0 ? 'system' : 'user';
  const folder = unitFolder(terminal);
  const units = unitsOf(terminal.program ?? [], manager);
  if (manager === 'system' && verb === 'install' && !isDry) requireTrusted(terminal.program ?? []);
  const reports = perform(verb, isDry, folder, units, manager);
  const isShown = verb === 'uninstall' && isDry;
  const next = isShown ? [] : nextCommands(verb, manager, units);
  return {
    schema: 'agent-units',
    document: () => ({ units: reports, next }),
    text: () => textOf(reports, next, isDry),
  };
}

function perform(
  verb: 'install' | 'uninstall',
  isDry: boolean,
  folder: string,
  units: readonly Unit[],
  manager: Manager,
): readonly UnitReport[] {
  if (isDry) return units.map(({ name, text }) => ({ path: join(folder, name), text, state: 'shown' }));
  if (verb === 'install') return writeUnits(folder, units, manager);
  return removeUnits(
    folder,
    units.map(({ name }) => name),
    manager,
  );
}

/** systemd.unit(5), "Unit File Load Path". */
function unitFolder({ uid, env, units }: Terminal): string {
  if (units !== undefined) return units;
  if (uid === 0) return '/etc/systemd/system';
  const absolute = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && isAbsolute(value) ? value : undefined;
  };
  const home = absolute('HOME');
  const config = absolute('XDG_CONFIG_HOME') ?? (home === undefined ? undefined : join(home, '.config'));
  if (config === undefined) throw fail('units-folder-unknown', {});
  return join(config, 'systemd', 'user');
}

/** @throws QplugError `unit-program-untrusted` */
function requireTrusted(program: readonly string[]): void {
  for (const path of program) {
    const fault = untrusted(path, 0);
    if (fault !== undefined) throw fail('unit-program-untrusted', { ...fault, program: path });
  }
}

/** What starts the units; qplug itself runs no systemctl. */
function nextCommands(verb: 'install' | 'uninstall', manager: Manager, units: readonly Unit[]): readonly string[] {
  const systemctl = manager === 'system' ? 'systemctl' : 'systemctl --user';
  const reload = `${systemctl} daemon-reload`;
  if (verb === 'uninstall') return [reload];
  const names = units.map(({ name }) => name);
  // to start the unit for sleep is to take the devices from their VMs
  const isStarted = (name: string): boolean => name !== 'qplug-sleep.service' && !name.includes('@');
  const enabled = `${systemctl} enable --now ${names.filter(isStarted).join(' ')}`;
  return manager === 'system' ? [reload, `${systemctl} enable qplug-sleep.service`, enabled] : [reload, enabled];
}

function textOf(reports: readonly UnitReport[], next: readonly string[], isDry: boolean): string {
  const texts = reports.flatMap((one) => ('text' in one ? [`# ${printable(one.path)}`, ...one.text.split('\n')] : []));
  const told = isDry ? [] : reports.map(({ path, state }) => `${state} ${printable(path)}`);
  const then =
    next.length === 0 ? [] : [isDry ? 'After qplug agent install:' : 'Next:', ...next.map((one) => `  ${one}`)];
  return lines([...texts, ...told, ...then]);
}
