import { compareAssignments, type VmAssignment } from '../../access/index.js';
import type { StandingWish } from './standing-wish.js';

/**
 * Compares two wishes for one device, in the order of assignments: an entry of a VM file counts as one.
 *
 * @returns below 0 if the first wins
 */
export function compareWishes(a: StandingWish, b: StandingWish): number {
  return compareAssignments(asAssignment(a), asAssignment(b)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function asAssignment({ vm, selector, made }: StandingWish): VmAssignment {
  return { vm, assignment: { id: 0, select: selector.text, made } };
}
