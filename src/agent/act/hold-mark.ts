import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A file that stands for `qplug agent hold`: all devices are to be with the host, until `resume`. An agent that is killed and started again
 * in between finds it. It lies in the runtime folder, so a reboot ends the hold.
 */
export class HoldMark {
  readonly #path: string | undefined;

  /** @param folder - the agent's own folder, which is there; undefined: the hold ends with this process */
  constructor(folder: string | undefined) {
    this.#path = folder === undefined ? undefined : join(folder, 'held');
  }

  get isSet(): boolean {
    return this.#path !== undefined && statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
  }

  /** @throws the system's error: the devices may leave all the same */
  set(isHeld: boolean): void {
    if (this.#path === undefined) return;
    if (isHeld) writeFileSync(this.#path, '', { mode: 0o600 });
    else rmSync(this.#path, { force: true });
  }
}
