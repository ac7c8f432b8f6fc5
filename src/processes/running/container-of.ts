/** Scopes of systemd that engines name after a container; without systemd a group has the bare id. */
const ENGINES = 'docker|libpod|libpod-payload|cri-containerd|crio|nerdctl';

const ID = '([0-9a-f]{64})';

/**
 * @param cgroup - the text of /proc/PID/cgroup (cgroups(7)): `0::/system.slice/docker-ID.scope`, `…/docker/ID`, `…:cri-containerd:ID`
 * @returns the id of the outermost container, as its engine on this host knows it; undefined for none
 */
export function containerOf(cgroup: string): string | undefined {
  const pattern = new RegExp(
    `/(?:(?:${ENGINES})-)?${ID}(?:\\.scope)?(?=/|$)|:(?:cri-containerd|crio|docker):${ID}(?=/|$)`,
  );
  for (const line of cgroup.split('\n')) {
    const [, path = ''] = /^\d+:[^:]*:(.*)$/.exec(line) ?? [];
    const [, id, other] = pattern.exec(path) ?? [];
    if (id !== undefined || other !== undefined) return id ?? other;
  }
  return undefined;
}
