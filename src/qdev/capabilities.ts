import type { ControllerModel } from './device-spec.js';
import { CONTROLLER_MODELS, type ControllerFacts, controllerModel } from './models/index.js';
import { okOf, type QueryCommand, type QueryReply, type Reading } from './observe/index.js';
import { atLeast, type QemuVersion } from './version.js';
import { hasFact } from './version-facts.js';

/** A device model of one QEMU: its properties with their defaults, where they have one. */
export type ModelProperties = ReadonlyMap<string, unknown>;

/** What one QEMU reports about itself: only what qplug asked and QEMU answered. */
export interface Capabilities {
  readonly version: QemuVersion;
  /** By QOM type: its properties, or undefined for a model that this build does not have. */
  readonly models: ReadonlyMap<string, ModelProperties | undefined>;
  /** Features of `device_add`; undefined where qplug did not ask, because the version says enough. */
  readonly deviceAdd: ReadonlySet<string> | undefined;
  /** Names of its machines, aliases included; undefined where qplug did not ask. */
  readonly machines: ReadonlySet<string> | undefined;
  /** Parameters of its `-sandbox` (`spawn`, `obsolete`, …), empty in a build without one; undefined where qplug did not ask. */
  readonly sandbox?: ReadonlySet<string> | undefined;
}

/** What to ask for besides models. */
export interface CapabilityQuestions {
  readonly machines?: boolean | undefined;
  readonly sandbox?: boolean | undefined;
}

/**
 * Asks a QEMU which models it has: one that runs a VM, or one that was started for this. It takes one batch, and a second where a
 * controller is missing. `device-list-properties` loads only the module of the type that it names. (`qom-list-types` would list all
 * types at once, but it loads every module. Where the modules on disk are newer than the running program, QEMU then fails an assertion:
 * util/module.c, seen on 10.0 and 11.1.)
 *
 * @param models - QOM types
 * @param more - what else to ask for; default nothing
 */
export function* readCapabilities(
  version: QemuVersion,
  models: readonly string[],
  more: CapabilityQuestions = {},
): Reading<Capabilities> {
  const schema: QueryCommand[] = isJsonDoubtful(version) ? [{ command: 'query-qmp-schema' }] : [];
  const machines: QueryCommand[] = more.machines === true ? [{ command: 'query-machines' }] : [];
  const sandbox: QueryCommand[] = more.sandbox === true ? [SANDBOX] : [];
  const types = [...new Set(models)];
  const questions = [...types.map(listProperties), ...machines, ...sandbox, ...schema];
  const replies = questions.length === 0 ? [] : yield questions;
  const found = new Map(types.flatMap((type, i) => toldOf(type, replies[i])));
  // qplug looks for a controller that could stand in for another only where one is missing.
  const lacksController = types.some((type) => controllerModel(type) !== undefined && isMissing(found, type));
  const others = lacksController ? CONTROLLER_MODELS.filter((model) => !found.has(model)) : [];
  const further = others.length === 0 ? [] : yield others.map(listProperties);
  return {
    version,
    models: new Map([...found, ...others.flatMap((type, i) => toldOf(type, further[i]))]),
    deviceAdd: schema.length === 0 ? undefined : featuresOf(replies.at(-1)),
    machines: more.machines === true ? machinesOf(replies[types.length]) : undefined,
    sandbox: more.sandbox === true ? sandboxOf(replies[types.length + machines.length]) : undefined,
  };
}

/** QEMU built without libseccomp, or on a kernel without seccomp, does not know the option (softmmu/qemu-seccomp.c, seccomp_register). */
const SANDBOX: QueryCommand = { command: 'query-command-line-options', arguments: { option: 'sandbox' } };

function listProperties(typename: string): QueryCommand {
  return { command: 'device-list-properties', arguments: { typename } };
}

/**
 * QEMU 6.2 takes JSON for `-device`, but devices made so do not unplug cleanly. A distribution may have fixed that; then QEMU's schema
 * shows it.
 */
function isJsonDoubtful(version: QemuVersion): boolean {
  return atLeast(version, 6, 2) && !hasFact(version, 'json-devices');
}

/** @returns an empty list where the reply says neither that the model exists nor that it does not */
function toldOf(type: string, reply: QueryReply | undefined): [string, ModelProperties | undefined][] {
  const properties = propertiesOf(reply);
  const isUnknown = reply !== undefined && 'error' in reply && reply.error.class === 'DeviceNotFound';
  return properties !== undefined || isUnknown ? [[type, properties]] : [];
}

function isMissing(models: Capabilities['models'], type: string): boolean {
  return models.has(type) && models.get(type) === undefined;
}

function propertiesOf(reply: QueryReply | undefined): ModelProperties | undefined {
  const value = okOf(reply);
  if (!Array.isArray(value)) return undefined;
  return new Map(
    value.flatMap((one): [string, unknown][] =>
      typeof one?.name === 'string' ? [[one.name, one['default-value']]] : [],
    ),
  );
}

function featuresOf(reply: QueryReply | undefined): ReadonlySet<string> | undefined {
  const value = okOf(reply);
  if (!Array.isArray(value)) return undefined;
  const command = value.find((one) => one?.name === 'device_add' && one['meta-type'] === 'command');
  return command === undefined ? undefined : new Set(Array.isArray(command.features) ? command.features : []);
}

function machinesOf(reply: QueryReply | undefined): ReadonlySet<string> | undefined {
  const value = okOf(reply);
  if (!Array.isArray(value)) return undefined;
  const names = value.flatMap((one): unknown[] => [one?.name, one?.alias]);
  return new Set(names.filter((name): name is string => typeof name === 'string'));
}

function sandboxOf(reply: QueryReply | undefined): ReadonlySet<string> | undefined {
  if (reply !== undefined && 'error' in reply) return new Set();
  const value = okOf(reply);
  const parameters: unknown = Array.isArray(value) ? value[0]?.parameters : undefined;
  if (!Array.isArray(parameters)) return undefined;
  return new Set(parameters.map((one) => one?.name).filter((name): name is string => typeof name === 'string'));
}

/** @returns false for a model that this QEMU said it does not have; true also where qplug did not ask */
export function mayHave(capabilities: Capabilities | undefined, model: string): boolean {
  return capabilities === undefined || !isMissing(capabilities.models, model);
}

/**
 * @returns the controller model nearest to one that this QEMU does not have: of the same USB generation, else of the next faster one,
 *   else of the next slower one; undefined when this QEMU has no controller
 */
export function nearestController(capabilities: Capabilities, model: string): ControllerModel | undefined {
  const wanted = controllerModel(model);
  if (wanted === undefined) return undefined;
  const distance = ({ generation }: ControllerFacts): number =>
    generation >= wanted.generation ? generation - wanted.generation : 10 + wanted.generation - generation;
  const there = CONTROLLER_MODELS.filter((one) => one !== model && capabilities.models.get(one) !== undefined);
  return there
    .map((one) => ({ one, facts: controllerModel(one) }))
    .filter((pair): pair is { one: ControllerModel; facts: ControllerFacts } => pair.facts !== undefined)
    .sort((a, b) => distance(a.facts) - distance(b.facts))[0]?.one;
}
