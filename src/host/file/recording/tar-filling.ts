import type { SysfsReader } from '../../sysfs/index.js';

/**
 * tar trusts the size that sysfs reports for a file (4096 bytes, or 65553 for `descriptors`) and fills the missing bytes with NUL. This
 * reader removes them, since they were not in sysfs.
 */
export function withoutFilling(reader: SysfsReader): SysfsReader {
  return {
    ...reader,
    bytes: (path) => {
      const bytes = reader.bytes(path);
      return bytes === undefined || !path.endsWith('/descriptors') ? bytes : descriptorsAlone(bytes);
    },
    text: (path) => {
      const text = reader.text(path);
      const end = text?.indexOf('\0') ?? -1;
      return end < 0 ? text : text?.slice(0, end);
    },
  };
}

/** @returns the device descriptor and its configurations; all bytes if the lengths lead elsewhere */
function descriptorsAlone(bytes: Uint8Array): Uint8Array {
  let end = 18;
  for (let count = bytes[17] ?? 0; count > 0; count--) {
    if (bytes[end + 1] !== 2) return bytes;
    end += (bytes[end + 2] ?? 0) | ((bytes[end + 3] ?? 0) << 8);
  }
  return end < bytes.length && bytes.subarray(end).every((byte) => byte === 0) ? bytes.subarray(0, end) : bytes;
}
