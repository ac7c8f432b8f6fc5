/** Measures whole processes in turn: A B A B …, so that a machine whose speed drifts slows both. */
import { spawnSync } from 'node:child_process';

function once([command, ...args], options) {
  const before = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  const ms = Number(process.hrtime.bigint() - before) / 1e6;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}

/** @returns the median of some figures */
export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs the peer and each candidate in turn, `rounds` times after one warm-up.
 *
 * @param peer - `{name, run, before?}`: `run` is a command as a list of words, `before` is done first and not timed
 * @returns for each candidate the medians in ms, and the median of the ratios round by round
 */
export async function compare(peer, candidates, { rounds = 21, options = {} } = {}) {
  const all = [peer, ...candidates];
  const times = all.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, { run, before }] of all.entries()) {
      await before?.();
      const ms = once(run, options);
      if (round >= 0) times[index].push(ms);
    }
  }
  return candidates.map(({ name }, index) => ({
    name,
    peer: peer.name,
    ms: median(times[index + 1]),
    peerMs: median(times[0]),
    ratio: median(times[index + 1].map((ms, round) => ms / times[0][round])),
  }));
}

/** Prints a comparison, one line each. */
export function print(rows) {
  for (const { name, peer, ms, peerMs, ratio } of rows) {
    process.stdout.write(
      `${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms   ${ratio.toFixed(2)} × ${peer} (${peerMs.toFixed(1)} ms)\n`,
    );
  }
}
