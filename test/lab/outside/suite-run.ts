import { createWriteStream, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Check, Suite } from '../inside/suite.js';
import { bundleLabCommand, bundlePrograms, bundleSuites } from './bundle.js';
import { root } from './folders.js';
import { newLogFolder, slimLogs } from './logs.js';
import { boot, type Ending, type Machine, quote } from './machine.js';
import { type Result, ResultReader } from './results.js';

/** ms for the cleanup of a check, beyond its own time. */
export const cleaning = 300_000;
/** ms for boot, start of Node and enumeration. */
export const starting = 900_000;

/** One boot of the lab that runs some suites, seen from outside. */
export class SuiteRun implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #reader: ResultReader;
  #ending: Ending | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reader = new ResultReader(join(machine.out, 'results.jsonl'));
    machine.output.pipe(createWriteStream(join(machine.out, 'console.log')));
    void machine.ended.then((ending) => {
      this.#ending = ending;
    });
  }

  /**
   * Bundles the checks and boots the lab that runs them.
   *
   * @param suites - all for the same machine
   * @param checks - the checks of these suites to run
   * @throws Error when two checks have the same name
   */
  static async boot(suites: readonly [Suite, ...Suite[]], checks: readonly Check[]): Promise<SuiteRun> {
    const only = checks.map((check) => check.name);
    const twice = only.find((name, i) => only.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`two checks are called "${twice}"`);
    const out = newLogFolder(suites.map(({ title }) => title).join(' '));
    const files = suites.map(({ source }) => fileURLToPath(source));
    await Promise.all([bundleSuites(files, out), bundleLabCommand(out), bundlePrograms(out)]);
    // By its path outside, so that the source map's relative names lead to the sources.
    const command = `"$LAB_NODE" --enable-source-maps ${quote(join(out, 'checks.mjs'))}`;
    const deadline = starting + checks.reduce((sum, check) => sum + check.timeout + cleaning, 0);
    return new SuiteRun(boot({ spec: suites[0].machine, out, command, deadline, only }));
  }

  /** Where its logs are, relative to the project. */
  get folder(): string {
    return relative(root, this.#machine.out);
  }

  /** Waits until a check is done. @throws Error when the lab ends before */
  async resultOf(name: string): Promise<Result> {
    for (;;) {
      const ending = this.#ending; // read first, to miss nothing that came before the end
      this.#reader.update();
      const result = this.#reader.results.get(name);
      if (result) return result;
      if (ending) throw new Error(this.#obituary(ending));
      await delay(50);
    }
  }

  /** Waits until the checks begin. @throws Error when the lab ends before */
  async begun(): Promise<void> {
    while (this.#ending === undefined && this.#reader.running === undefined && this.#reader.results.size === 0) {
      this.#reader.update();
      await delay(50);
    }
    if (this.#ending && this.#reader.results.size === 0) throw new Error(this.#obituary(this.#ending));
  }

  /** Lets the machine end by itself, for a moment. Keeps the logs only when something went wrong. */
  async finish(): Promise<void> {
    await Promise.race([this.#machine.ended, delay(120_000, undefined, { ref: false })]);
    await this[Symbol.asyncDispose]();
    const good = this.#ending?.code === 0 && [...this.#reader.results.values()].every((result) => result.ok);
    if (good) rmSync(this.#machine.out, { recursive: true, force: true });
    else slimLogs(this.#machine.out);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine[Symbol.asyncDispose]();
  }

  #obituary(ending: Ending): string {
    const during = this.#reader.running === undefined ? '' : ` during "${this.#reader.running}"`;
    const words = [ending.why, this.#machine.lastWords(), this.#machine.kernelWords(), `logs: ${this.folder}`];
    return `the lab ended${during}: ${words.join('\n')}`;
  }
}
