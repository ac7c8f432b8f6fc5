import type { Guard } from '../../diag/index.js';
import type { GuardFacts } from './facts.js';

/** Guards for interfaces with the default route or with SSH sessions, directly or through an interface that is on top of them. */
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

/** @returns the interface with the route or session, if it is above the USB device's own interface; empty otherwise */
function upTo(above: readonly string[], last: string | undefined): readonly string[] {
  return last !== undefined && above.includes(last) ? [last] : [];
}
