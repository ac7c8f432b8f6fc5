/**
 * `node bench/attach.mjs` measures an attach to a real QEMU, as whole processes: 14 emulated devices in one `qplug attach`, compared with
 * a script that writes the same 14 `device_add`s to the socket and waits for the answers, and with a bare Node.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compare, print } from './ratio.mjs';

const COUNT = 14;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'qplug-bench-'));
const socket = join(folder, 'qmp.sock');

let qemu;
/** A new QEMU with empty ports for each run, so that no run depends on how full the ports are. */
async function fresh() {
  if (qemu !== undefined && qemu.exitCode === null) {
    qemu.kill('SIGKILL');
    await once(qemu, 'exit');
  }
  rmSync(socket, { force: true });
  const args = ['-M', 'q35', '-S', '-display', 'none', '-nodefaults', '-device', 'qemu-xhci,id=x,p2=15,p3=15'];
  qemu = spawn('qemu-system-x86_64', [...args, '-qmp', `unix:${socket},server=on,wait=off`], { stdio: 'ignore' });
  while (!existsSync(socket)) await delay(5);
  await delay(150);
}

const emulated = Array.from({ length: COUNT }, () => ['--emulated', 'usb-tablet']).flat();
try {
  print(
    await compare(
      {
        name: 'raw socket script',
        before: fresh,
        run: [process.execPath, path('raw-attach.mjs'), socket, String(COUNT)],
      },
      [
        {
          name: `qplug attach, ${COUNT} devices`,
          before: fresh,
          run: [process.execPath, path('../dist/cli/main.js'), 'attach', socket, ...emulated],
        },
        { name: 'node -e 0', run: [process.execPath, '-e', '0'] },
      ],
      { rounds: 11 },
    ),
  );
} finally {
  qemu?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
