import type { ShareAccount } from '../shares/index.js';
import type { AgentEvent } from './agent-event.js';

/** @param time - that of `now`, in ms. @returns the events of shares between two looks: first what ended, then what came up */
export function shareEvents(before: readonly ShareAccount[], now: readonly ShareAccount[], time: number): AgentEvent[] {
  const name = ({ vm, listen }: ShareAccount): string => `${vm}\n${listen}`;
  const was = new Map(before.map((one) => [name(one), one]));
  const is = new Map(now.map((one) => [name(one), one]));
  const gone = [...was].flatMap(([key, account]) => (is.has(key) ? [] : downEvents(account, undefined, time)));
  const down = [...is].flatMap(([key, account]) => downEvents(was.get(key), account, time));
  const up = [...is].flatMap(([key, { vm, listen, condition }]): AgentEvent[] =>
    condition.is === 'up' && was.get(key)?.condition.is !== 'up' ? [{ event: 'share-up', vm, listen }] : [],
  );
  return [...gone, ...down, ...up];
}

/** A share ended, or a try has failed since the look before. */
function downEvents(before: ShareAccount | undefined, now: ShareAccount | undefined, time: number): AgentEvent[] {
  const account = now ?? before;
  if (account === undefined) return [];
  const { vm, listen } = account;
  const condition = now?.condition;
  if (condition?.is === 'waiting') {
    const isTold = before?.condition.is === 'waiting' && before.condition.next === condition.next;
    const retryIn = Math.max(0, condition.next - time);
    return isTold ? [] : [{ event: 'share-down', vm, listen, findings: condition.reason, retryIn }];
  }
  const isOver = before?.condition.is === 'up' && condition?.is !== 'up';
  return isOver ? [{ event: 'share-down', vm, listen, findings: [] }] : [];
}
