import type { Guard } from '../../diag/index.js';
import type { GuardFacts } from './facts.js';

/** Interfaces with the default route, and those that SSH sessions came through; each also by way of what stands on them. */
export function networkGuards(names: readonly string[], facts: Pick<GuardFacts, 'network' | 'sessions'>): Guard[] {
  const interfaces = names.flatMap((name) => facts.network.interfaces.get(name) ?? []);
  return interfaces.flatMap(({ name, above }): Guard[] => {
    const carried = [name, ...above];
    const guards: Guard[] = [];
    const defaults = facts.network.defaults.filter((one) => carried.includes(one.interface));
    if (defaults.length > 0) {
      const families = [...new Set(defaults.map(({ family }) => family))];
      guards.push({ kind: 'route', interface: name, through: upTo(above, defaults[0]?.interface), families });
    }
    const sessions = facts.sessions.filter((one) => one.interfaces.some((other) => carried.includes(other)));
    if (sessions.length > 0) {
      const peers = [...new Set(sessions.map(({ peer }) => peer))];
      const last = sessions[0]?.interfaces.find((other) => carried.includes(other));
      guards.push({ kind: 'ssh', interface: name, through: upTo(above, last), peers });
    }
    return guards;
  });
}

/** @returns what stands on an interface, if the last of it is not the interface itself */
function upTo(above: readonly string[], last: string | undefined): readonly string[] {
  return last !== undefined && above.includes(last) ? [last] : [];
}
