import { leadsSession, type ProcessIdentity, processesReading, rightsOf } from '../../base/index.js';

/**
 * Finds the QEMU that was started with a file as its standard input, after its launcher died before it could record the pid. The file is in
 * a folder of qplug's own, so no other process can have it open unless QEMU, or a program that QEMU started, passed it on. qplug accepts
 * only a process that leads its session, as a process started by qplug does, and runs as the right user. It ignores command lines and
 * socket names, because any program can choose those.
 *
 * @param startMark - its standard input
 * @param uid - the user that it was started as
 * @returns none if there is none, or it is invisible to this user; if several fit, qplug can't identify it
 */
export function findStarted(startMark: string, uid: number): ProcessIdentity[] {
  return processesReading(startMark).filter(
    ({ pid }) => leadsSession(pid) && rightsOf(pid)?.uids.every((one) => one === uid) === true,
  );
}
