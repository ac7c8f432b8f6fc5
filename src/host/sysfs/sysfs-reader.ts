import type { NodeAccess } from '../usb-device.js';

/**
 * The few file operations that the decoder needs, so that the same code reads a recorded tree and the real one.
 *
 * Paths are relative to the root of sysfs (`bus/usb/devices/1-2/speed`), nodes to the root of /dev (`bus/usb/001/005`). All calls are
 * synchronous, because sysfs answers from memory.
 */
export interface SysfsReader {
  /** The root folders, for messages and for `HostDevice.node`: `/sys`, `/dev`. */
  readonly sysRoot: string;
  readonly devRoot: string;
  /** @returns the names in a folder, or undefined when the folder is missing */
  list(path: string): readonly string[] | undefined;
  /** @returns the whole file, or undefined when it (or its device) is gone; throws the system's error for any other reason */
  bytes(path: string): Uint8Array | undefined;
  /** As `bytes`, decoded as UTF-8 with U+FFFD for invalid bytes. It is a call of its own because Node reads text twice as fast as bytes. */
  text(path: string): string | undefined;
  /** @returns where a symbolic link points, as written, or undefined when there is none */
  link(path: string): string | undefined;
  /** @returns whether this process may open the node read-write */
  access(node: string): NodeAccess;
}

/** The folder with a link for each device and interface. */
export const DEVICES = 'bus/usb/devices';

/**
 * @returns the attribute without the line feed that the kernel puts at its end, or undefined when it is missing. The kernel
 * gives USB strings as UTF-8 (drivers/usb/core/message.c, usb_cache_string).
 */
export function readText(reader: SysfsReader, path: string): string | undefined {
  const text = reader.text(path);
  return text?.endsWith('\n') === true ? text.slice(0, -1) : text;
}

/** @returns the last part of the path that a link points to, or undefined when there is no link */
export function linkName(reader: SysfsReader, path: string): string | undefined {
  const target = reader.link(path);
  return target?.slice(target.lastIndexOf('/') + 1);
}
