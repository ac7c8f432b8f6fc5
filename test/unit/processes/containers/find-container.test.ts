import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { identifyProcess, namespaceOf } from '../../../../src/base/index.js';
import { describe as words } from '../../../../src/diag/index.js';
import { type Container, findContainer, processesIn } from '../../../../src/processes/containers/index.js';
import type { QemuProcess } from '../../../../src/processes/index.js';
import { type InNamespaces, inNamespaces } from '../../../namespaces/in-namespaces.js';
import { ID, INSPECTIONS, OTHER_ID } from './inspections.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-engines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What stands in for an engine: its output, words and exit code. */
interface Fake {
  readonly prints?: string;
  readonly says?: string;
  readonly code?: number;
  /** Lines of its shell before that. */
  readonly before?: string;
}

/** What the engines say when they have no such container; that of podman 4.3.1 and docker 28 were recorded. */
const NONE = {
  docker: { prints: '[]', says: 'Error response from daemon: No such container: vm', code: 1 },
  podman: { prints: '[]', says: 'Error: inspecting object: no such container vm', code: 125 },
  nerdctl: { prints: '[]', says: 'time="x" level=fatal msg="1 errors: [no such container: vm]"', code: 1 },
} as const;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Makes the programs; the others are not installed. */
function engines(fakes: Readonly<Record<string, Fake>>) {
  for (const [name, { prints = '', says = '', code = 0, before = '' }] of Object.entries(fakes)) {
    const file = join(folder, name);
    const lines = [
      ...['#!/bin/sh', `echo "$*" >> ${quoted(`${file}.asked`)}`, `env > ${quoted(`${file}.env`)}`, before],
      ...[`printf %s ${quoted(prints)}`, `printf '%s\\n' ${quoted(says)} >&2`, `exit ${code}`],
    ];
    writeFileSync(file, lines.join('\n'));
    chmodSync(file, 0o755);
  }
  const programOf = (engine: string) => (Object.hasOwn(fakes, engine) ? join(folder, engine) : undefined);
  return { env: { PATH: '/usr/bin:/bin', DOCKER_HOST: 'tcp://192.0.2.1:2375' }, programOf };
}

const asked = (engine: string): string => readFileSync(join(folder, `${engine}.asked`), 'utf8');

async function failure(word: string, fakes: Readonly<Record<string, Fake>>) {
  const error = await findContainer(word, engines(fakes)).then(
    (found) => Promise.reject(new Error(`found ${found.name}`)),
    (one) => one,
  );
  expect(error).toMatchObject({ name: 'QplugError' });
  return { code: error.code, ...words(error.findings[0]) };
}

describe('a container', () => {
  let inside: InNamespaces;
  beforeAll(async () => {
    inside = await inNamespaces(['--mount', '--pid'], ['sh', '-c', 'echo there; exec sleep infinity']);
  });
  afterAll(async () => await inside[Symbol.asyncDispose]());

  /** What an engine prints of the process in these namespaces. */
  const about = (engine: string, more: object = {}): Fake => {
    const { pid } = inside.process;
    const startedAt = new Date().toISOString();
    return { prints: JSON.stringify([INSPECTIONS[engine]?.({ pid, startedAt, ...more })]) };
  };

  test('is found by the engine that has it; the others are asked, too', async () => {
    const fakes = { ...NONE, podman: about('podman 4.3.1') };
    const { process } = inside;
    const [mount, pidNamespace] = [namespaceOf(process.pid, 'mnt'), namespaceOf(process.pid, 'pid')];
    expect(await findContainer('vm', engines(fakes))).toEqual({
      ...{ engine: 'podman', id: ID, name: 'vm', process, mount, pidNamespace },
    });
    for (const engine of Object.keys(fakes)) expect(asked(engine)).toBe('container inspect vm\n');
  });

  test('of one engine is asked of that engine alone', async () => {
    const fakes = { docker: about('docker 27.0'), podman: about('podman 5.2', { id: OTHER_ID }) };
    expect(await findContainer('docker/vm', engines(fakes))).toMatchObject({ engine: 'docker', id: ID });
    expect(() => asked('podman')).toThrow(/ENOENT/);
    expect(await findContainer('podman/vm', engines(fakes))).toMatchObject({ engine: 'podman', id: OTHER_ID });
  });

  test('of several engines is none, and the way to name one is told', async () => {
    const fakes = { docker: about('docker 20.10'), podman: about('podman 5.2', { id: OTHER_ID }) };
    expect(await failure('vm', fakes)).toEqual({
      code: 'container-ambiguous',
      what: 'several engines have a container vm',
      why: 'docker, podman',
      fix: 'name the engine, too: container:docker/vm, container:podman/vm',
    });
  });

  test('of podman, whose `docker` is podman, is one', async () => {
    const fakes = { docker: about('podman 4.3.1'), podman: about('podman 4.3.1') };
    expect(await findContainer('vm', engines(fakes))).toMatchObject({ engine: 'podman' });
  });

  test('that is paused, or has ended, does not run', async () => {
    expect(await failure('vm', { docker: about('docker 24.0', { status: 'paused' }) })).toEqual({
      code: 'container-not-running',
      what: 'the container vm does not run',
      why: 'docker says: paused',
      fix: 'docker unpause vm',
    });
    const ended = about('docker 24.0', { status: 'exited', pid: 0 });
    expect(await failure('vm', { docker: ended })).toMatchObject({ fix: 'docker start vm' });
    // between the start and its process
    expect(await failure('vm', { docker: about('docker 24.0', { pid: 0 }) })).toMatchObject({
      code: 'container-not-running',
    });
  });

  test('whose pid is another process here, or none, is elsewhere', async () => {
    for (const pid of [process.pid, 2 ** 22 + 1, 2 ** 40])
      expect(await failure('vm', { docker: about('docker 27.0', { pid }) })).toMatchObject({
        code: 'container-elsewhere',
        fix: 'docker info',
      });
    const old = about('docker 27.0', { startedAt: '2020-01-01T00:00:00Z' });
    expect(await failure('vm', { docker: old })).toMatchObject({ code: 'container-elsewhere' });
    // nerdctl does not say when it started, and there is no cgroup
    expect(await failure('vm', { nerdctl: about('nerdctl 1.7') })).toMatchObject({ code: 'container-elsewhere' });
  });

  test('that no engine has is not there, and who was asked is told', async () => {
    expect(await failure('vm', NONE)).toMatchObject({
      code: 'container-not-found',
      why: 'asked: docker, podman, nerdctl',
    });
    const down = { says: 'Cannot connect to the Docker daemon at unix:///x.sock. Is it running?', code: 1 };
    expect(await failure('vm', { docker: down, podman: NONE.podman })).toMatchObject({
      code: 'container-not-found',
      why: 'asked: podman; docker: Cannot connect to the Docker daemon at unix:///x.sock. Is it running?',
    });
    expect(await failure('vm', { docker: down })).toMatchObject({
      code: 'container-engine-failed',
      fix: 'docker container inspect vm',
    });
    expect(await failure('vm', {})).toMatchObject({ code: 'container-no-engine' });
    expect(await failure('podman/vm', { docker: down })).toMatchObject({
      why: 'none of these programs is in PATH: podman',
    });
  });

  test.each([
    ['prints something else', { prints: 'hello' }, 'its answer does not describe one container'],
    ['prints without end', { before: 'exec yes' }, 'it was killed'],
    ['says nothing', { code: 7 }, 'exit code 7'],
    ['is no program', { before: 'exec /none' }, /not found|No such file/],
  ])('is asked of an engine that %s', async (_, fake, reason) => {
    const { code, why } = await failure('vm', { docker: fake });
    expect(code).toBe('container-engine-failed');
    expect(why).toMatch(reason);
  });

  test('is no longer asked for when the caller gives up', async () => {
    const surroundings = engines({ docker: { before: 'exec sleep infinity' } });
    const controller = new AbortController();
    const found = findContainer('vm', { ...surroundings, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(found).rejects.toThrow('enough');
  });

  test('has a name that is no option, no path and no word for a shell', async () => {
    const surroundings = engines(NONE);
    for (const word of [
      '',
      '-x',
      '--help',
      'a b',
      'a/b',
      'docker/',
      'docker/-x',
      'lxc/vm',
      'podman/a/b',
      '.',
      'ä',
      'a\n',
    ])
      await expect(findContainer(word, surroundings), word).rejects.toMatchObject({ code: 'container-name-wrong' });
    expect(() => asked('docker')).toThrow(/ENOENT/);
  });

  test.runIf(process.getuid?.() === 0)('is asked for by root without the settings of who ran sudo', async () => {
    await findContainer('vm', engines(NONE)).catch(() => undefined);
    const env = readFileSync(join(folder, 'docker.env'), 'utf8');
    expect(env).not.toContain('DOCKER_HOST');
    expect(env).toMatch(/^HOME=\/root$/m);
  });
});

describe('the processes of a container', () => {
  const identity = identifyProcess(process.pid);
  const container: Container = {
    ...{ engine: 'docker', id: ID, name: 'vm', mount: 11, pidNamespace: 12 },
    process: identity ?? expect.fail(),
  };
  const own = { mount: 1, pid: 2 };
  const qemu = (made: { mount?: number; pid?: number; container?: string }): QemuProcess => ({
    ...{ process: container.process, uid: 0, program: 'qemu-system-x86_64', name: undefined, machine: undefined },
    ...{ monitors: [], launcher: undefined, container: made.container },
    namespaces: { mount: made.mount, network: 3, pid: made.pid, user: 4 },
  });

  test.each([
    ['its cgroup', qemu({ container: ID }), true],
    ['its mount namespace', qemu({ mount: 11, pid: 2 }), true],
    ['its pid namespace', qemu({ mount: 99, pid: 12 }), true],
    ['nothing of it', qemu({ mount: 99, pid: 98 }), false],
    ['namespaces that nobody may see', qemu({}), false],
    ['the pids of it, and another container', qemu({ mount: 99, pid: 12, container: OTHER_ID }), false],
    ['the namespaces of the host', qemu({ mount: 1, pid: 2 }), false],
  ])('one with %s', (_, one, isIn) => {
    expect(processesIn(container, [one], own)).toEqual(isIn ? [one] : []);
  });

  test('that shares the pids of the host are not all of the host', () => {
    const shares = { ...container, pidNamespace: 2 };
    const [host, inside] = [qemu({ mount: 1, pid: 2 }), qemu({ mount: 11, pid: 2 })];
    expect(processesIn(shares, [host, inside], own)).toEqual([inside]);
  });
});
