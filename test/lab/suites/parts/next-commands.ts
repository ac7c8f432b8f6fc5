import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '../../../../src/registry/index.js';
import type { Lab } from '../../inside/lab.js';
import { qplug } from './qplug.js';

/**
 * Runs commands until one has recovered what an interrupted qplug left. Each gives the recovery only a share of its time, so in the lab it
 * may take several.
 *
 * @returns their stderr
 */
export async function nextCommands(lab: Lab): Promise<string> {
  const journal = join(stateDir(process.env, 0) ?? '', 'journal');
  let told = '';
  await lab.until('the journal is empty', async () => {
    const { code, err } = await qplug(['list']);
    assert.equal(code, 0, err);
    told += err;
    return readdirSync(journal).length === 0;
  });
  return told;
}
