import { fail } from '../../../diag/index.js';

const MAX_TAG_LENGTH = 64;

/**
 * Checks the tag of a snapshot: letters, digits, `_`, `.` and `-`, starting with a letter or a digit, not only digits. QEMU accepts any
 * text, but reads digits as the number of another snapshot (block/snapshot.c, bdrv_snapshot_find_by_id_and_name), the human monitor splits
 * at spaces, and the tag becomes part of a file name.
 *
 * @throws QplugError `snapshot-tag-wrong`
 */
export function checkTag(tag: string): string {
  if (tag.length > MAX_TAG_LENGTH || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(tag) || /^\d+$/.test(tag)) {
    throw fail('snapshot-tag-wrong', { tag, longest: MAX_TAG_LENGTH });
  }
  return tag;
}

/** @returns a tag of the present local time: `2026-11-21-194305` */
export function tagOfNow(now: Date = new Date()): string {
  const two = (figure: number): string => String(figure).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
