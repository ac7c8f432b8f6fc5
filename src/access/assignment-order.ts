import { isSelector, parseSelector, type Selector } from '../host/index.js';
import type { Assignment } from '../registry/index.js';

/** An assignment, and the VM that has it. */
export interface VmAssignment {
  readonly vm: string;
  readonly assignment: Pick<Assignment, 'id' | 'select' | 'made'>;
}

/** Selectors, the least exact first. */
const EXACTNESS: readonly Selector['by'][] = ['words', 'class', 'id', 'port', 'serial'];

/**
 * How exactly a selector says which device it is: a serial number (also with vendor and product) more than a connector (port or location),
 * that more than vendor and product, that more than a class, that more than words.
 *
 * @returns 1 (words) to 5 (serial number); 0 for an address, which does not last, and for what is no selector
 */
export function specificityOf(select: string): number {
  const selector = parseSelector(select);
  if (!isSelector(selector)) return 0;
  if (selector.by === 'id' && selector.serial !== undefined) return EXACTNESS.indexOf('serial') + 1;
  return EXACTNESS.indexOf(selector.by === 'location' ? 'port' : selector.by) + 1;
}

/**
 * Which of two assignments has a device that both match: the more exact one; of two that are equally exact, the older one. Pure, and a
 * total order: for `sort`, the winner first.
 *
 * @returns negative: `a` wins · positive: `b` wins · 0: they are the same assignment
 */
export function compareAssignments(a: VmAssignment, b: VmAssignment): number {
  return (
    specificityOf(b.assignment.select) - specificityOf(a.assignment.select) ||
    compareTexts(a.assignment.made, b.assignment.made) ||
    compareTexts(a.vm, b.vm) ||
    a.assignment.id - b.assignment.id
  );
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** @returns whether two selectors mean the same, however they are typed */
export function isSameSelector(a: string, b: string): boolean {
  const [one, other] = [parseSelector(a), parseSelector(b)];
  return isSelector(one) && isSelector(other) && meaningOf(one) === meaningOf(other);
}

function meaningOf({ text: _, ...meaning }: Selector): string {
  return JSON.stringify(meaning);
}
