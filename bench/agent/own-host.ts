import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChangingHost } from '../../test/oracle/harness/changing-host.js';

/** A folder of its own for a measurement. */
export const folder: string = mkdtempSync(join(tmpdir(), 'qplug-bench-'));

/** The environment of qplug's commands in it. */
export const env: Record<string, string> = {
  PATH: process.env['PATH'] ?? '',
  QPLUG_RUNTIME_DIR: join(folder, 'run'),
  QPLUG_STATE_DIR: join(folder, 'state'),
};

/** A host at whose port 1-2 nothing is plugged in. */
export const host: ChangingHost = new ChangingHost(join(folder, 'devices'));
host.plug(undefined);

/** The folder that the agent watches instead of /dev/bus/usb, with one bus in it. */
export const nodes: string = join(folder, 'nodes');
mkdirSync(join(nodes, '001'), { recursive: true });
