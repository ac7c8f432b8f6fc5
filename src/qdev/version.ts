/** A QEMU version as its QMP greeting and `--version` give it. */
export interface QemuVersion {
  /** The first number: 10 of 10.0.2. */
  readonly major: number;
  /** The second. */
  readonly minor: number;
  /** The third. */
  readonly micro: number;
}

/** @returns whether `version` is `major.minor` or newer */
export function atLeast(version: QemuVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** @returns the version in the first line of `qemu-system-* --version`, or undefined when there is none */
export function parseQemuVersion(text: string): QemuVersion | undefined {
  const match = /version (\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), micro: Number(match[3] ?? 0) };
}

export function formatVersion(version: QemuVersion): string {
  return `${version.major}.${version.minor}.${version.micro}`;
}
