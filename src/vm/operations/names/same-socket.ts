import { socketFileOf } from '../../../base/index.js';
import { isVmWord } from '../../target/index.js';

/** Whether two paths lead to one socket, or are the same; other words for VMs must be the same. */
export function isSameSocket(one: string, other: string): boolean {
  if (isVmWord(one) || isVmWord(other)) return one === other;
  const file = socketFileOf(one);
  return one === other || (file !== undefined && file === socketFileOf(other));
}
