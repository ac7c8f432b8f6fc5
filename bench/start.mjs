/** `node bench/start.mjs`, as root, measures how long qplug takes to start and do something small, compared with a bare Node. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onPlantedHost } from './planted-host.mjs';
import { compare, print } from './ratio.mjs';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { folder, prefix } = onPlantedHost(path('test/fixtures/sysfs/six-devices.json'));
const qplug = [...prefix, process.execPath, path('dist/cli/main.js')];
try {
  print(
    await compare({ name: 'node -e 0', run: [...prefix, process.execPath, '-e', '0'] }, [
      { name: 'qplug devices (6 devices)', run: [...qplug, 'devices'] },
      { name: 'qplug devices --json', run: [...qplug, 'devices', '--json'] },
      { name: 'qplug --help', run: [...qplug, '--help'] },
    ]),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
