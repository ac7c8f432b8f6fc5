import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isItsProcess, parseInspection } from '../../../../src/processes/containers/inspection.js';
import { ID, INSPECTIONS, OTHER_ID } from './inspections.js';

const STARTED = Date.parse('2026-03-01T12:00:00.988Z');
const printed = (value: unknown): string => `${JSON.stringify([value], undefined, 5)}\n`;

describe('the answer of an engine', () => {
  test.each(Object.entries(INSPECTIONS))('%s', (engine, made) => {
    const startedAt = engine.startsWith('nerdctl') ? undefined : STARTED;
    const about = { id: ID, name: 'vm', startedAt };
    expect(parseInspection(printed(made()))).toEqual({ ...about, status: 'running', pid: 4242 });
    expect(parseInspection(printed(made({ status: 'exited', pid: 0 })))).toMatchObject({ status: 'exited', pid: 0 });
    expect(parseInspection(printed(made({ status: 'paused' })))).toMatchObject({ status: 'paused', pid: 4242 });
  });

  test('of nerdctl for a container that does not run has no state', () => {
    const stopped = { ...(INSPECTIONS['nerdctl 1.7']?.() as object), State: null };
    expect(parseInspection(printed(stopped))).toMatchObject({ status: 'stopped', pid: 0, startedAt: undefined });
  });

  test.each([
    ['', 'nothing'],
    ['[]', 'no container'],
    ['{}', 'no list'],
    [JSON.stringify([{ Id: ID }, { Id: ID }]), 'two'],
    [printed({ Name: 'vm', State: { Pid: 1, Status: 'running' } }), 'no id'],
    [printed({ Id: '../../etc', Name: 'vm', State: { Pid: 1, Status: 'running' } }), 'an id that is none'],
    [printed({ Id: ID, Name: 7, State: { Pid: 1, Status: 'running' } }), 'a name that is none'],
    [printed({ Id: ID, Name: 'vm', State: 'running' }), 'a state that is none'],
    [printed({ Id: ID, Name: 'vm', State: { Pid: '1', Status: 'running' } }), 'a pid that is a text'],
    [printed({ Id: ID, Name: 'vm', State: { Pid: -1, Status: 'running' } }), 'a negative pid'],
    [printed({ Id: ID, Name: 'vm', State: { Pid: 1, Status: 'x'.repeat(300) } }), 'a status without end'],
    ['[null]', 'null'],
    ['WARN[0000] x', 'words'],
  ])('%j is none: %s', (output) => {
    expect(parseInspection(output)).toBeUndefined();
  });

  test('may be anything at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseInspection(printed(value));
        parseInspection(printed({ Id: ID, Name: 'vm', State: value }));
      }),
    );
  });
});

describe('the process that an engine names', () => {
  const said = { id: ID, name: 'vm', status: 'running', pid: 7, startedAt: STARTED };
  const facts = { cgroups: '0::/\n', isApart: true, start: STARTED } as const;

  test.each([
    ['docker, systemd', `0::/system.slice/docker-${ID}.scope\n`],
    ['docker, cgroupfs', `12:pids:/docker/${ID}\n0::/docker/${ID}\n`],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`],
    ['rootless podman', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope\n`],
    ['nerdctl', `0::/system.slice/nerdctl-${ID}.scope\n`],
    ['docker in docker', `0::/docker/${OTHER_ID}/docker/${ID}\n`],
  ])('is the container’s by its cgroup: %s', (_, cgroups) => {
    expect(isItsProcess(said, { cgroups, isApart: undefined, start: undefined })).toBe(true);
  });

  test('without a cgroup it is apart, and as old as the engine says', () => {
    expect(isItsProcess(said, facts)).toBe(true);
    expect(isItsProcess(said, { ...facts, start: STARTED - 3_600_000 })).toBe(false);
    expect(isItsProcess(said, { ...facts, start: undefined })).toBe(false);
    expect(isItsProcess({ ...said, startedAt: undefined }, facts)).toBe(false);
    expect(isItsProcess(said, { ...facts, isApart: false })).toBe(false);
    expect(isItsProcess(said, { ...facts, isApart: undefined })).toBe(false);
  });

  test('is another one’s, if its cgroup names another container', () => {
    expect(isItsProcess(said, { ...facts, cgroups: `0::/system.slice/docker-${OTHER_ID}.scope\n` })).toBe(false);
  });
});
