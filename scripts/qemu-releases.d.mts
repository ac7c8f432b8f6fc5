export interface QemuRelease {
  readonly name: string;
  /** What its --version prints, such as `11.1.3`. */
  readonly version: string;
  /** A program file that starts its x86-64 machine emulator. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

export declare const RELEASES: readonly { readonly name: string; readonly suite: string }[];

export declare function ensureQemuRelease(name: string): Promise<QemuRelease>;

export declare function qemuCommand(
  release: QemuRelease,
  options?: { readonly emulator?: 'x86_64' | 'aarch64'; readonly librariesFirst?: readonly string[] },
): string[];
