import { type DeviceSpec, deviceAddArguments, usbHostByNode } from '../../qdev/index.js';
import { QmpCommandError, type QmpConnection } from '../../qmp/index.js';

/** QEMU's libusb does not list the device (hw/usb/host-libusb.c, usb_host_realize). */
const NOT_LISTED = /^failed to find host usb device/;

/**
 * Sends `device_add`. If no udevd runs on the host, or QEMU has its own network namespace, QEMU's libusb does not notice new devices. It
 * then can't find by bus and address a device that was plugged in after its first usb-host. In that case qplug passes the device node,
 * which QEMU opens without a search.
 *
 * @throws QmpCommandError when QEMU refuses: its first answer if both ways fail · QmpError
 */
export async function addDevice(qmp: QmpConnection, device: DeviceSpec, signal: AbortSignal): Promise<void> {
  try {
    await qmp.execute('device_add', deviceAddArguments(device), { signal });
  } catch (error) {
    const byNode = usbHostByNode(device);
    if (byNode === undefined || !(error instanceof QmpCommandError) || !NOT_LISTED.test(error.desc)) throw error;
    try {
      await qmp.execute('device_add', deviceAddArguments(byNode), { signal });
    } catch (second) {
      throw second instanceof QmpCommandError ? error : second;
    }
  }
}
