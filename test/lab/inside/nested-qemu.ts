import { join } from 'node:path';
import { type Finished, type Running, start } from './process.js';
import { Qmp } from './qmp-client.js';

/** ms in which a VM must give its devices back. */
const GOODBYE = 120_000;

/** A VM inside the lab, started by hand as a person would. */
export interface NestedQemu {
  /** The harness's own monitor. */
  readonly qmp: Qmp;
  /** A second monitor, free for the program under test. */
  readonly socket: string;
  readonly process: Running;
  /** Asks it to quit, so that it gives its devices back; waits for its end. */
  quit(): Promise<Finished>;
}

/**
 * Starts one and waits until its monitor answers.
 *
 * @param folder - for its sockets
 * @param name - of the sockets: NAME.qmp, NAME.own
 * @param args - after `-nodefaults -display none -S`
 * @throws Error with what QEMU said when it ends at once
 */
export async function startNested(folder: string, name: string, args: readonly string[]): Promise<NestedQemu> {
  const [socket, own] = [join(folder, `${name}.qmp`), join(folder, `${name}.own`)];
  const monitors = [socket, own].flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]);
  const running = await start(['qemu-system-x86_64', '-nodefaults', '-display', 'none', '-S', ...monitors, ...args]);
  let over = false;
  const early = running.finished.then((end) => {
    over = true;
    throw new Error(`QEMU ended with ${end.signal ?? end.code}: ${end.stderr}`);
  });
  early.catch(() => undefined);
  const qmp = await Promise.race([Qmp.overSocket(own), early]);
  return {
    qmp,
    socket,
    process: running,
    async quit() {
      // It may end before it answers. A kill would leave its devices without their drivers.
      if (!over) await qmp.execute('quit', {}, GOODBYE).catch(() => undefined);
      const killer = setTimeout(() => running.kill('SIGKILL'), GOODBYE);
      const end = await running.finished;
      clearTimeout(killer);
      qmp[Symbol.dispose]();
      return end;
    },
  };
}
