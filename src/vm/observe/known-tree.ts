import type { Capabilities, QueryCommand, QueryReply, Reading, Topology } from '../../qdev/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import { converse, readTopologyAndModels } from './read-topology.js';

/** A VM's USB tree and models as they were read before, with what shows whether the tree has changed since. */
export interface KnownTree {
  readonly topology: Topology;
  readonly capabilities: Capabilities;
  /** The QOM types that `capabilities` tells about. */
  readonly models: readonly string[];
  /** What QEMU listed on each bus and of each device with an id. */
  readonly lists: string;
}

/** Reads a VM's USB tree, for later. @throws as `readTopology` */
export async function readKnownTree(
  qmp: QmpConnection,
  models: readonly string[],
  signal: AbortSignal,
): Promise<KnownTree> {
  const [topology, capabilities] = await readTopologyAndModels(qmp, models, signal);
  return { topology, capabilities, models, lists: await converse(qmp, readLists(topology), signal) };
}

/**
 * Whether a tree is as it was: a few commands instead of dozens. A bus numbers its devices `child[N]` and uses no number twice (hw/core/qdev.c,
 * bus_add_child), so a device that came or left shows in the list.
 *
 * @throws as `readTopology`
 */
export async function isUnchanged(qmp: QmpConnection, known: KnownTree, signal: AbortSignal): Promise<boolean> {
  return (await converse(qmp, readLists(known.topology), signal)) === known.lists;
}

/** @returns the lists as one text, for comparison */
function* readLists({ controllers }: Topology): Reading<string> {
  const buses = controllers.flatMap(({ qomPath, bus }) => (qomPath === undefined ? [] : [`${qomPath}/${bus}`]));
  const commands = ['/machine/peripheral', '/machine/peripheral-anon', ...buses].map(
    (path): QueryCommand => ({ command: 'qom-list', arguments: { path } }),
  );
  const replies: readonly QueryReply[] = yield commands;
  return JSON.stringify(replies);
}
