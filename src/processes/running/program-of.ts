/** `qemu-system-x86_64`, NixOS's `.qemu-system-x86_64-wrapped`, Red Hat's `qemu-kvm`, and `kvm`. */
const QEMU = /^(?:\.?qemu-system-[\w.-]{1,64}|qemu-kvm|kvm)$/;

/** What the kernel adds to the path of a program whose file was replaced, by an update for example (proc(5)). */
const DELETED = ' (deleted)';

/**
 * @param path - of a program, as /proc/PID/exe leads to it
 * @returns the base name of the program, if it is a QEMU
 */
export function programOf(path: string): string | undefined {
  const whole = path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
  const name = whole.slice(whole.lastIndexOf('/') + 1);
  return QEMU.test(name) ? name : undefined;
}
