import type { LoggedEvent, Resync } from '../../agent/index.js';
import { describe, type Finding, printable, type Severity } from '../../diag/index.js';
import { formatId } from '../../host/index.js';

/** @returns one line for people */
export function renderAgentEvent(event: LoggedEvent | Resync): string {
  if (event.event === 'resync') return `… some events are missing; the next one is ${event.next}`;
  return `${event.time.slice(11, 19)} ${event.seq}  ${wordsOf(event)}`;
}

/** @returns how much an event matters; `info`: nothing is to be done */
export function levelOfEvent({ event }: LoggedEvent | Resync): Severity | 'info' {
  switch (event) {
    case 'refused':
    case 'waiting':
    case 'quarantined':
    case 'ambiguous':
      return 'warning';
    case 'lost':
    case 'asks':
    case 'yields':
    case 'resync':
      return 'note';
    default:
      return 'info';
  }
}

function wordsOf(event: LoggedEvent): string {
  switch (event.event) {
    case 'device-seen':
    case 'device-gone': {
      const { port, vendorId, productId, name } = event.device;
      const what = `${formatId(vendorId, productId)} "${printable(name)}" at ${printable(port)}`;
      return event.event === 'device-seen' ? `${what} is plugged in` : `${what} is gone`;
    }
    case 'vm-up':
      return `${printable(event.vm)} runs`;
    case 'vm-down':
      return `${printable(event.vm)} has ended`;
    case 'vm-held':
      return `${printable(event.vm)} is suspended`;
    case 'vm-leaving':
      return `${printable(event.vm)} gives its devices to the host`;
    case 'wish-made':
      return `${printable(event.vm)} wants ${printable(event.select)} (${printable(event.wish)})`;
    case 'wish-ended':
      return `${printable(event.vm)} no longer wants ${printable(event.select)}`;
    case 'attached':
      return `${printable(event.vm)} has ${printable(event.label)}`;
    case 'detached':
      return `${printable(event.vm)} no longer has ${printable(event.label)}`;
    case 'lost':
      return `${printable(event.vm)} has lost ${printable(event.label)}`;
    case 'absent':
      return `${printable(event.vm)} waits for ${printable(event.label)}, which is not plugged in`;
    case 'asks':
      return `${printable(event.vm)} may have ${printable(event.label)}: attach it by hand`;
    case 'changing':
      return `${printable(event.vm)}: ${printable(event.label)} is being attached or detached`;
    case 'refused':
    case 'waiting': {
      const reasons = reasonsOf(event.findings);
      return `${printable(event.vm)} does not get ${printable(event.label)}: ${reasons.join('; ')}; next try in ${secondsOf(event.retryIn)}`;
    }
    case 'quarantined':
      return `${printable(event.label)} comes and goes too often; ${printable(event.vm)} gets it in ${secondsOf(event.retryIn)}`;
    case 'ambiguous':
      return `${printable(event.vm)}: ${printable(event.label)} matches several devices: ${event.labels.map((one) => printable(one)).join(', ')}`;
    case 'share-up':
      return `${printable(event.vm)} is shared at ${printable(event.listen)}`;
    case 'share-down': {
      const reasons = reasonsOf(event.findings);
      const because = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
      const next = event.retryIn === undefined ? '' : `; next try in ${secondsOf(event.retryIn)}`;
      return `${printable(event.vm)} is not shared at ${printable(event.listen)}${because}${next}`;
    }
    case 'yields':
      return `${printable(event.label)} belongs to ${printable(event.to)}, and not to ${printable(event.vm)}`;
  }
}

function reasonsOf(findings: readonly Finding[]): string[] {
  return findings.map((one) => describe(one)).map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`));
}

function secondsOf(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1000))} s`;
}
