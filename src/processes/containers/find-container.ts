import { readFileSync } from 'node:fs';
import {
  findSystemProgram,
  identifyProcess,
  isAlive,
  namespaceOf,
  type ProcessIdentity,
  throwIfShort,
  timeOfStart,
} from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { type Answer, askEngine } from './ask-engine.js';
import type { Container } from './container.js';
import { ENGINES, type Engine, parseContainerWord } from './container-word.js';
import { type Inspection, isItsProcess, type PidFacts } from './inspection.js';

/** What a search for a container depends on, beside the engines. */
export interface Surroundings {
  /** The environment: PATH, and the settings of engines (not those of root). */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** @returns the path of an engine's program; undefined: it is not installed. Default: `findSystemProgram` */
  readonly programOf?: ((engine: Engine) => string | undefined) | undefined;
}

/**
 * Finds a running container by what its engine calls it. Asks each engine that is installed, as this user: rootless ones have the containers
 * of one user.
 *
 * @param word - `NAME` or `ENGINE/NAME`
 * @throws QplugError `container-name-wrong` · `container-no-engine` · `container-not-found` · `container-engine-failed` ·
 *   `container-ambiguous` · `container-not-running` · `container-elsewhere`
 */
export async function findContainer(word: string, surroundings: Surroundings): Promise<Container> {
  const { env, signal, programOf = (one) => findSystemProgram(one, env['PATH']) } = surroundings;
  const { engine, name } = parseContainerWord(word);
  const wanted = engine === undefined ? ENGINES : [engine];
  const programs = wanted.flatMap((one) => {
    const program = programOf(one);
    return program === undefined ? [] : [{ engine: one, program }];
  });
  if (programs.length === 0) throw fail('container-no-engine', { name, engines: wanted });
  const answers = await Promise.all(
    programs.map(async (one) => ({ ...one, answer: await askEngine(one.program, name, env, signal) })),
  );
  const [found, ...others] = distinct(answers);
  if (found === undefined) throw noneFound(name, answers);
  if (others.length > 0)
    throw fail('container-ambiguous', { name, engines: [found, ...others].map((one) => one.engine) });
  return confirm(found);
}

interface Asked {
  readonly engine: Engine;
  readonly answer: Answer;
}

interface Found {
  readonly engine: Engine;
  readonly inspection: Inspection;
}

/** podman's package podman-docker has a `docker` that asks podman: the same container twice is one. */
function distinct(answers: readonly Asked[]): Found[] {
  const found = answers.flatMap(({ engine, answer }) =>
    answer.answer === 'found' ? [{ engine, inspection: answer.inspection }] : [],
  );
  // the name of the engine itself is the last one
  return found.filter(
    ({ inspection: { id } }, index) => !found.slice(index + 1).some((one) => one.inspection.id === id),
  );
}

function noneFound(name: string, answers: readonly Asked[]): Error {
  const failed = answers.flatMap(({ engine, answer }) =>
    answer.answer === 'failed' ? [{ engine, reason: answer.reason }] : [],
  );
  const engines = answers.flatMap(({ engine, answer }) => (answer.answer === 'none' ? [engine] : []));
  return engines.length === 0
    ? fail('container-engine-failed', { name, failed })
    : fail('container-not-found', { name, engines, failed });
}

/** @throws QplugError `container-not-running` · `container-elsewhere` */
function confirm({ engine, inspection }: Found): Container {
  const { id, name, status, pid } = inspection;
  if (status !== 'running' || pid === 0) throw fail('container-not-running', { name, engine, status });
  const process = identifyProcess(pid);
  if (process === undefined || !isItsProcess(inspection, factsOf(process)) || !isAlive(process))
    throw fail('container-elsewhere', { name, engine, pid });
  return { engine, id, name, process, mount: namespaceOf(pid, 'mnt'), pidNamespace: namespaceOf(pid, 'pid') };
}

function factsOf(process: ProcessIdentity): PidFacts {
  const mount = namespaceOf(process.pid, 'mnt');
  const isApart = mount === undefined ? undefined : mount !== namespaceOf('self', 'mnt');
  return { cgroups: cgroupsOf(process.pid), isApart, start: timeOfStart(process) };
}

/** The cgroups of a process (cgroups(7)), as text. */
function cgroupsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'latin1');
  } catch (error) {
    throwIfShort(error);
    return '';
  }
}
