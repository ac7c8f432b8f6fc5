import { type HostAccess, inventoryOf } from '../../access/index.js';
import { Deadline } from '../../base/index.js';
import type { VmFile } from '../../config/index.js';
import { QplugError } from '../../diag/index.js';
import { waitForDevice } from '../../host/index.js';
import type { Operation } from '../operation.js';

/**
 * Waits for the devices that a VM file wants with `when-missing: wait`.
 *
 * @param request - the file to run; `wait`: ms for all devices together
 * @throws QplugError `device-wait-timeout`, at the device's entry in the file
 */
export async function awaitWished(
  { file, wait }: { readonly file: VmFile; readonly wait: number },
  host: HostAccess,
  { signal, onProgress }: Pick<Operation, 'signal' | 'onProgress'>,
): Promise<void> {
  using deadline = new Deadline(wait, signal);
  for (const wish of file.usb.devices) {
    if (wish.kind !== 'host' || wish.whenMissing !== 'wait') continue;
    onProgress?.(`wait for ${wish.select}`);
    try {
      await waitForDevice(wish.select, { deadline, read: () => inventoryOf(host) });
    } catch (error) {
      // the plan reports every other problem
      if (!(error instanceof QplugError) || error.code !== 'device-wait-timeout') {
        if (error instanceof QplugError) continue;
        throw error;
      }
      const location = file.locate(wish.pointer);
      throw new QplugError([{ ...error.findings[0], location }], { cause: error });
    }
  }
}
