/**
 * The few files of /proc, /sys, /dev and /run from which guards are read; in tests, recorded trees replace them. Paths are absolute. A
 * missing file and one that may not be read give the same result: undefined. Nothing throws.
 */
export interface HostFiles {
  /** @returns the names in a folder */
  list(path: string): readonly string[] | undefined;
  /** @returns the whole file, decoded as UTF-8 with U+FFFD for invalid bytes */
  text(path: string): string | undefined;
  /** As `text`, undecoded. */
  bytes(path: string): Buffer | undefined;
  /** @returns where a symbolic link points, as written */
  link(path: string): string | undefined;
  /** @returns kind and number of the device node that a path leads to: `block 8:17`, `char 189:4` */
  device(path: string): string | undefined;
}

/** @returns the file without the blanks around it */
export function trimmed(files: HostFiles, path: string): string | undefined {
  return files.text(path)?.trim();
}
