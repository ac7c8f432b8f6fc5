import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { standardHost } from '../hosts.js';
import { defineSuite, type Suite } from '../inside/suite.js';

/** Checks that fail on purpose: the harness must report them, and go on. */
/** Empty for a process that has ended meanwhile. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

// what is left behind here stays
const about = { title: 'faults', source: import.meta.url, machine: standardHost, settling: 1000 };

const suite: Suite = defineSuite(about, (check) => {
  check('wrong', async (lab) => {
    lab.log('seen before the fault');
    assert.equal(1, 2, 'one is not two');
  });

  check('leaves a file', async () => writeFileSync('/tmp/forgotten', ''));

  check('leaves a process', async (lab) => {
    await lab.exec(['sh', '-c', 'sleep 1234 > /dev/null 2>&1 < /dev/null &']);
  });

  check('leaves a device without its driver', async (lab) => {
    const [name] = lab.device('SS0001').drivers.keys();
    writeFileSync('/sys/bus/usb/drivers/usb-storage/unbind', name!);
  });

  check('hangs', async () => await delay(600_000), { timeout: 150 });

  check('finds the lab as it was', async (lab) => {
    const picture = lab.devices().map((one) => [...one.drivers.values()].join());
    assert.deepEqual(picture.sort(), ['', 'usb-storage', 'usb-storage', 'usbhid', 'usbhid', 'usbhid']);
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const lines = processes.map((pid) => commandLineOf(pid));
    assert.ok(lines.length > 1);
    assert.deepEqual(
      lines.filter((line) => line.includes('sleep 1234')),
      [],
    );
  });

  check('brings the lab down', async () => {
    writeFileSync('/proc/sysrq-trigger', 'c');
    await delay(600_000);
  });

  check('comes after the end', async () => undefined);
});

export default suite;
