import { leadsSession, type ProcessIdentity, processesReading, rightsOf } from '../../base/index.js';

/**
 * Finds the QEMU that was started with a file as its standard input: one whose launcher died before it could write down the pid. The file
 * stands in a folder of qplug's own, so no other process can have it open unless QEMU, or what it started, gave it away; what counts is
 * the one that leads its session, as what qplug starts does, and runs as whom it was started. What a command line or a name of a socket
 * says counts nothing: anybody can write that.
 *
 * @param startMark - its standard input
 * @param uid - whom it was started as
 * @returns none where there is none, or it is not ours to see; where several fit nobody can say which it is
 */
export function findStarted(startMark: string, uid: number): ProcessIdentity[] {
  return processesReading(startMark).filter(
    ({ pid }) => leadsSession(pid) && rightsOf(pid)?.uids.every((one) => one === uid) === true,
  );
}
