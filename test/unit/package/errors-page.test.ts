import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorsPage } from '../../documents/errors-page.js';

const root = join(import.meta.dirname, '../../..');

test('docs/errors.md is what node scripts/errors.mjs makes', () => {
  expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(errorsPage(root));
});
