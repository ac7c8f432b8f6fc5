import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { bundledProgram } from './harness/bundled-program.js';
import { CutVm, hosts } from './harness/cut-vm.js';

/*
 * This qplug recovers the journals that an earlier qplug left when it was killed, after each of their lines. The crash tests of that time
 * recorded them; the test brings the VM to the state of each by doing the steps of its marks.
 */
interface RecordedStep {
  readonly do: 'add' | 'remove' | 'pause';
  readonly device?: { readonly driver: string; readonly id: string; readonly properties: object };
  readonly target?: string;
}

interface Recorded {
  readonly head: { readonly steps: readonly RecordedStep[] };
  readonly marks: readonly { readonly step?: number; readonly is: string }[];
}

function recorded(kind: string): Recorded {
  const text = readFileSync(join(root, 'test/fixtures/journals', `${kind}.jsonl`), 'utf8');
  const [head = '', ...marks] = text.trim().split('\n');
  return { head: JSON.parse(head), marks: marks.map((mark) => JSON.parse(mark)) };
}

/** A process that has ended: by its start time, its pid belongs to another process, or to none. */
function deadWorker(): string {
  return `${process.pid}_1_${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
}

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-older-'));
  program = await bundledProgram('killed-qplug', folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function doStep(vm: CutVm, step: RecordedStep): Promise<void> {
  const ask = (command: string, args: object): Promise<unknown> =>
    vm.must('qmp', vm.socket, command, JSON.stringify(args));
  if (step.do === 'add') {
    const { driver, id, properties } = step.device ?? { driver: '', id: '', properties: {} };
    await ask('device_add', { driver, id, ...properties });
  } else if (step.do === 'remove') {
    await ask('device_del', { id: step.target });
  } else await ask('stop', {});
}

const TABLET = 'qplug-0627-0001-1-2';
const attached = async (vm: CutVm): Promise<void> => void (await vm.must('attach', vm.socket, '1-2', '--port', '2'));

describe.each([
  {
    kind: 'attach',
    prepare: async () => undefined,
    after: () => ({ state: 'running', devices: [] as string[] }),
    whenCommitted: { state: 'running', devices: [TABLET, 'qplug-usb-kbd'] },
  },
  {
    kind: 'detach',
    prepare: async (vm: CutVm) => void (await vm.must('attach', vm.socket, '1-2', '--emulated', 'usb-kbd')),
    // the recovery finishes what was begun
    after: (marks: number) => ({ state: 'running', devices: marks === 0 ? [TABLET, 'qplug-usb-kbd'] : [] }),
    whenCommitted: { state: 'running', devices: [] },
  },
  {
    kind: 'suspend',
    prepare: attached,
    after: () => ({ state: 'running', devices: [TABLET] }),
    whenCommitted: { state: 'paused', devices: [] },
  },
])('an older qplug that was killed in $kind', ({ kind, prepare, after, whenCommitted }) => {
  const { head, marks } = recorded(kind);

  test.each(marks.map((_, count) => count + 1).concat(0))('after %i marks', async (count) => {
    await using vm = new CutVm('11.1', folder, program);
    await vm.start();
    await prepare(vm);
    const written = marks.slice(0, count);
    for (const { step, is } of written) {
      const done = step === undefined || is !== 'done' ? undefined : head.steps[step];
      if (done !== undefined) await doStep(vm, done);
    }
    mkdirSync(vm.journalFolder, { recursive: true, mode: 0o700 });
    const lines = [{ ...head, vm: vm.socket, socket: vm.socket }, ...written].map((line) => JSON.stringify(line));
    writeFileSync(join(vm.journalFolder, `1796040405654-1-0_${deadWorker()}.jsonl`), `${lines.join('\n')}\n`, {
      mode: 0o600,
    });
    const told = await vm.nextCommands();
    const seen = await vm.look();
    const expected = written.some(({ is }) => is === 'committed') ? whenCommitted : after(count);
    expect({ state: seen.state, devices: seen.devices.map(({ id }) => id) }, told).toEqual(expected);
    expect(hosts(seen).every((device) => device.attached)).toBe(true);
  });
});
