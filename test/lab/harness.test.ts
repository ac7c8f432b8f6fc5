import { readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SuiteRun, starting } from './outside/suite-run.js';
import faults from './suites/faults.js';

describe('a lab suite in which checks go wrong', () => {
  let run: SuiteRun;
  beforeAll(async () => {
    run = await SuiteRun.boot([faults], faults.checks);
    await run.begun();
  }, starting);
  afterAll(async () => {
    await run.finish();
    rmSync(run.folder, { recursive: true });
  });

  const errorOf = async (name: string): Promise<string | undefined> => (await run.resultOf(name)).error;

  test('a failed assertion is told with its place and what the check had said', async () => {
    const result = await run.resultOf('wrong');
    expect(result).toMatchObject({ ok: false, log: ['seen before the fault'] });
    expect(result.error).toMatch(/one is not two.*test\/lab\/suites\/faults\.ts:\d+/s);
  });

  test('a file left behind is a failure', async () => {
    expect(await errorOf('leaves a file')).toContain('left over:\nfile /tmp/forgotten');
  });

  test('a process left behind is a failure', async () => {
    expect(await errorOf('leaves a process')).toMatch(/left over:\nprocess \d+: was not there, is sleep 1234/);
  });

  test('a driver not given back is a failure', async () => {
    expect(await errorOf('leaves a device without its driver')).toMatch(
      /left over:\ndriver of .*: was usb-storage, is no driver/,
    );
  });

  test('a check that hangs fails at its deadline', async () => {
    expect(await errorOf('hangs')).toContain('the check was not done within 1500 ms');
  });

  test('the next check finds the lab mended', async () => {
    expect(await run.resultOf('finds the lab as it was')).toMatchObject({ ok: true });
  });

  test('a crash of the lab fails the check that was on and all after it, with the last lines of the kernel', async () => {
    await expect(run.resultOf('brings the lab down')).rejects.toThrow(
      /the lab ended during "brings the lab down".*sysrq triggered crash/s,
    );
    await expect(run.resultOf('comes after the end')).rejects.toThrow('before the command did');
  });

  test('the logs are kept, without the disk images', async () => {
    await run.finish();
    const kept = readdirSync(run.folder);
    expect(kept).toEqual(expect.arrayContaining(['serial.log', 'console.log', 'results.jsonl', 'qemu.json']));
    expect(kept.filter((name) => name.endsWith('.img'))).toEqual([]);
  });
});
