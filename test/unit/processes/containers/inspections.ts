/** Ids of containers. */
export const ID = '4dbed66d29ae85e39348e370cd27cb87b95d89e8095f7983c7a733b871d94d20';
export const OTHER_ID = '8ba12113589950ff447018e26c1386b01950cc076d718857feb0d29e708a8ba9';

interface State {
  readonly pid?: number;
  readonly status?: string;
  readonly startedAt?: string;
  readonly id?: string;
}

const ZERO = '0001-01-01T00:00:00Z';

/** The beginning of a state, as all of them have it. */
const state = ({ pid = 4242, status = 'running', startedAt = '2026-03-01T12:00:00.988152239Z' }: State) => ({
  ...{ Status: status, Running: status === 'running', Paused: status === 'paused', Restarting: false },
  ...{ OOMKilled: false, Dead: false, Pid: pid, ExitCode: 0, Error: '', StartedAt: startedAt, FinishedAt: ZERO },
});

const podman = (release: object, made: State) => ({
  ...{ Id: made.id ?? ID, Created: '2026-03-01T12:00:00.682317801Z', Path: '/bin/sleep', Args: ['1000'] },
  State: { OciVersion: '1.0.2-dev', ...state(made), ConmonPid: 20156, CheckpointedAt: ZERO, RestoredAt: ZERO },
  ...{ Image: '', ImageName: '', Rootfs: '/srv/root', Pod: '', Name: 'vm', Namespace: '' },
  HostConfig: { Binds: [], NetworkMode: 'none', PidMode: 'private', Privileged: false, Devices: [] },
  ...release,
});

const docker = (release: object, made: State) => ({
  ...{ Id: made.id ?? ID, Created: '2026-03-01T12:00:00.123456789Z', Path: '/entry.sh', Args: [] },
  State: state(made),
  ...{ Image: 'sha256:0c', Name: '/vm', RestartCount: 0, Driver: 'overlay2', Platform: 'linux' },
  HostConfig: { Binds: null, NetworkMode: 'default', PidMode: '', Privileged: false, Devices: null },
  ...release,
});

/** What each engine prints for a container, without the members that say nothing of its process. That of podman 4.3.1 was recorded. */
export const INSPECTIONS: Readonly<Record<string, (made?: State) => unknown>> = {
  'docker 20.10': (made = {}) => docker({ ExecIDs: null }, made),
  'docker 24.0': (made = {}) => docker({ ExecIDs: null, GraphDriver: { Name: 'overlay2' } }, made),
  'docker 27.0': (made = {}) => docker({ ExecIDs: null, ImageManifestDescriptor: null }, made),
  'podman 4.3.1': (made = {}) => podman({ IsInfra: false, IsService: false }, made),
  'podman 5.2': (made = {}) => podman({ IsInfra: false, KubeExitCodePropagation: 'invalid', lockNumber: 0 }, made),
  'nerdctl 1.7': ({ pid = 4242, status = 'running', id = ID }: State = {}) => ({
    ...{ Id: id, Created: '2026-03-01T12:00:00.1361207Z', Path: '/sbin/tini', Args: ['--'] },
    State: { Status: status, Running: true, Paused: false, Pid: pid, ExitCode: 0, FinishedAt: ZERO },
    ...{ Image: 'docker.io/library/vm:latest', Name: 'vm', RestartCount: 0, Driver: 'overlayfs', Platform: 'linux' },
  }),
};
