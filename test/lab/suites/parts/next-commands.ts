import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '../../../../src/registry/index.js';
import type { Lab } from '../../inside/lab.js';
import { qplug } from './qplug.js';

/**
 * Any command mends what was cut off. One that came for something else gives it a share of its time: here it may take several.
 *
 * @returns what they said on stderr
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
