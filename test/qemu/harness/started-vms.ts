import { expect } from 'vitest';
import { type Operation, type RunningVm, type RunRequest, runVm } from '../../../src/vm/index.js';
import { makeWorld, processesOf, type World } from './vm-world.js';

/** A world with VMs that a test starts in it. They end with it, and nothing of them may be left. */
export class StartedVms implements AsyncDisposable {
  readonly world: World = makeWorld();
  readonly #started: RunningVm[] = [];

  /**
   * Starts the VM `bench`.
   *
   * @param text - of its file
   * @param request - missing devices are not waited for unless it says so
   */
  async start(text: string, request: Partial<RunRequest> = {}, more: Partial<Operation> = {}): Promise<RunningVm> {
    const path = this.world.file('bench.yaml', text);
    const vm = await runVm({ path, wait: 0, ...request }, this.world.host, this.world.operation(more));
    this.#started.push(vm);
    return vm;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#started) await process[Symbol.asyncDispose]();
    const left = processesOf(this.world);
    this.world[Symbol.dispose]();
    expect(left).toEqual([]);
  }
}
