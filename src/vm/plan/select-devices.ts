import { type HostAccess, inventoryOf } from '../../access/index.js';
import { Deadline } from '../../base/index.js';
import { type Finding, QplugError } from '../../diag/index.js';
import { type HostDevice, type HostInventory, nodeFinding, selectOne, waitForDevice } from '../../host/index.js';

/** The devices that selectors match, and the inventory that lists them. */
export interface Selected {
  readonly devices: readonly HostDevice[];
  readonly inventory: HostInventory;
}

/**
 * Finds the one device that each selector matches, and checks that its node can be opened.
 *
 * @param wait - ms to wait for absent devices (0: do not wait)
 * @throws QplugError with a finding for every selector that matches no device, several, or one that can't be opened
 */
export async function selectDevices(
  selectors: readonly string[],
  host: HostAccess,
  options: { readonly wait: number; readonly signal: AbortSignal },
): Promise<Selected> {
  const findings: Finding[] = [];
  const devices: HostDevice[] = [];
  using deadline = new Deadline(options.wait, options.signal);
  const now = options.wait > 0 ? undefined : inventoryOf(host);
  for (const selector of selectors) {
    try {
      const device =
        now === undefined
          ? await waitForDevice(selector, { deadline, read: () => inventoryOf(host) })
          : selectOne(selector, now);
      if (!devices.some((one) => one.port === device.port)) devices.push(device);
      const unusable = nodeFinding(device);
      if (unusable !== undefined) findings.push(unusable);
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
      findings.push(...error.findings);
    }
  }
  const [first, ...rest] = findings;
  if (first !== undefined) throw new QplugError([first, ...rest]);
  return { devices, inventory: now ?? inventoryOf(host) };
}
