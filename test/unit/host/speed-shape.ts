import type { DeviceShape } from '../../../src/qdev/index.js';

/** Type-checks that a host device is what src/qdev asks speeds of. */
export function speedMaskOfHostDevice(shape: DeviceShape): string {
  return `${shape.megabits} with ${shape.configurations.length} configurations`;
}
