import { fail } from '../../diag/index.js';

const LONGEST = 64;

/**
 * Checks what a person calls a saved state: letters, digits, `_`, `.` and `-`, the first a letter or a digit, not digits alone. QEMU
 * would take any text; but digits alone it takes for the number of another one (block/snapshot.c, bdrv_snapshot_find_by_id_and_name),
 * the human monitor splits at spaces, and it is part of a file's name.
 *
 * @throws QplugError `snapshot-tag-wrong`
 */
export function checkTag(tag: string): string {
  if (tag.length > LONGEST || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(tag) || /^\d+$/.test(tag)) {
    throw fail('snapshot-tag-wrong', { tag, longest: LONGEST });
  }
  return tag;
}

/** @returns a tag for now, in local time: `2026-11-21-194305` */
export function tagOfNow(now: Date = new Date()): string {
  const two = (figure: number): string => String(figure).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
