import { ensureQemuRelease, RELEASES } from '../../scripts/qemu-releases.mjs';
import { ensureStandIn } from '../../scripts/usb-stand-in.mjs';

/** Runs once, before the tests: otherwise several of them would fetch the same release at the same time. */
export default async function fetchReleases(): Promise<void> {
  for (const { name } of RELEASES) await ensureQemuRelease(name);
  ensureStandIn((line) => console.log(`oracle: ${line}`));
}
