import { type DeviceSpec, deviceAddArguments, usbHostByNode } from '../../qdev/index.js';
import { QmpCommandError, type QmpConnection } from '../../qmp/index.js';

/** QEMU's libusb does not list the device (hw/usb/host-libusb.c, usb_host_realize). */
const NOT_LISTED = /^failed to find host usb device/;

/**
 * Sends `device_add`. A QEMU whose libusb does not hear of new devices, since no udevd runs on the host or it sits in a network
 * namespace of its own, can't find what was plugged in after its first usb-host by bus and address: then it is given the
 * device node, which it opens without looking for it.
 *
 * @throws QmpCommandError when QEMU refuses: its first word, where both ways fail · QmpError
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
