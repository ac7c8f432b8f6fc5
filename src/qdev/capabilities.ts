import { type ControllerFacts, controllerModel } from './controller-facts.js';
import { CONTROLLER_MODELS } from './controllers.js';
import type { ControllerModel } from './device-spec.js';
import { okOf, type QueryCommand, type QueryReply, type Reading } from './observe/query.js';
import { atLeast, type QemuVersion } from './version.js';
import { hasFact } from './version-facts.js';

/** A device model of one QEMU: its properties with their defaults, where they have one. */
export type ModelProperties = ReadonlyMap<string, unknown>;

/** What one QEMU said of itself. What was not asked, or not answered, is not in it. */
export interface Capabilities {
  readonly version: QemuVersion;
  /** By QOM type: its properties, or undefined for a model that this build does not have. */
  readonly models: ReadonlyMap<string, ModelProperties | undefined>;
  /** Features of `device_add`; undefined where the version says enough. */
  readonly deviceAdd: ReadonlySet<string> | undefined;
}

/**
 * Asks a QEMU, one that runs a VM or one that was started for this, which models it has. One batch; `device-list-properties` loads
 * just the module of that one type. (`qom-list-types` would tell all at once, but it loads every module there is, and where those on
 * disk are newer than the running program it ends in an assertion: util/module.c, seen on 10.0 and 11.1.)
 *
 * @param models - QOM types
 */
export function* readCapabilities(version: QemuVersion, models: readonly string[]): Reading<Capabilities> {
  const types = [...new Set(models)];
  const schema: QueryCommand[] = isJsonDoubtful(version) ? [{ command: 'query-qmp-schema' }] : [];
  const questions = [
    ...types.map((typename): QueryCommand => ({ command: 'device-list-properties', arguments: { typename } })),
    ...schema,
  ];
  const replies = questions.length === 0 ? [] : yield questions;
  const found = new Map<string, ModelProperties | undefined>();
  for (const [i, type] of types.entries()) {
    const reply = replies[i];
    const properties = propertiesOf(reply);
    if (properties !== undefined || isMissing(reply)) found.set(type, properties);
  }
  return { version, models: found, deviceAdd: schema.length === 0 ? undefined : featuresOf(replies[types.length]) };
}

/** 6.2 takes JSON for `-device` and spoils their unplugging, unless a distribution has mended it: then the schema says so. */
function isJsonDoubtful(version: QemuVersion): boolean {
  return atLeast(version, 6, 2) && !hasFact(version, 'json-devices');
}

function isMissing(reply: QueryReply | undefined): boolean {
  return reply !== undefined && 'error' in reply && reply.error.class === 'DeviceNotFound';
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

/** @returns false for a model that this QEMU said it does not have; true also where it was not asked */
export function mayHave(capabilities: Capabilities | undefined, model: string): boolean {
  return !(capabilities?.models.has(model) === true && capabilities.models.get(model) === undefined);
}

/**
 * @returns the controller model that comes nearest to one that this QEMU does not have: of the same USB generation, else of the
 *   next one that is faster, else of a slower one; undefined when it has none
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
