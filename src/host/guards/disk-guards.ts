import type { DiskUse, Guard, Volume } from '../../diag/index.js';
import type { BlockFacts } from './disk-facts.js';
import type { GuardFacts } from './facts.js';

/** Programs that open every new disk for a moment. */
const PROBERS: readonly string[] = ['systemd-udevd', '(udev-worker)', 'udevd', 'udisksd'];

/**
 * Guards of a USB device's disks and partitions, and of everything that is built on them. Each use is a guard, and so is a volume without a
 * known use.
 */
export function diskGuards(names: readonly string[], facts: Pick<GuardFacts, 'blocks' | 'holders'>): Guard[] {
  const guards = names.flatMap((name) => usesOf(name, { node: `/dev/${name}`, through: [] }, [name], facts));
  // a volume on two partitions is in use only once
  const told = new Set<string>();
  return guards.filter((guard) => {
    const key = JSON.stringify('through' in guard && guard.through.length > 0 ? { ...guard, node: '' } : guard);
    const isNew = !told.has(key);
    told.add(key);
    return isNew;
  });
}

function usesOf(
  name: string,
  use: DiskUse,
  path: readonly string[],
  facts: Pick<GuardFacts, 'blocks' | 'holders'>,
): Guard[] {
  const block = facts.blocks.get(name);
  if (block === undefined) return [];
  const own = ownUses(block, use, facts);
  const above = block.holders
    .filter((holder) => !path.includes(holder))
    .flatMap((holder) => {
      const volume: Volume = facts.blocks.get(holder)?.volume ?? { node: `/dev/${holder}`, what: 'other' };
      return usesOf(holder, { ...use, through: [...use.through, volume] }, [...path, holder], facts);
    });
  const isIdleVolume = use.through.length > 0 && own.length + above.length === 0;
  return isIdleVolume ? [{ kind: 'volume', ...use }] : [...own, ...above];
}

function ownUses(block: BlockFacts, use: DiskUse, { holders }: Pick<GuardFacts, 'holders'>): Guard[] {
  const guards: Guard[] = [];
  const here = block.mounts.filter(({ inside }) => inside === undefined).map(({ at }) => at);
  const elsewhere = block.mounts.filter(({ inside }) => inside !== undefined);
  if (here.length > 0 || (block.mounted && elsewhere.length === 0)) {
    guards.push({ kind: 'mount', ...use, at: [...new Set(here)] });
  }
  for (const inside of new Set(elsewhere.map((mount) => mount.inside))) {
    const at = elsewhere.filter((mount) => mount.inside === inside).map((mount) => mount.at);
    guards.push({ kind: 'mount', ...use, at: [...new Set(at)], inside });
  }
  if (block.swap) guards.push({ kind: 'swap', ...use });
  const processes = (holders.get(block.name) ?? []).filter((one) => !PROBERS.includes(one.name));
  if (processes.length > 0) guards.push({ kind: 'disk-open', ...use, processes });
  return guards;
}
