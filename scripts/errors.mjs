/** `node scripts/errors.mjs` writes docs/errors.md from src/diag/catalog. A unit test fails if the page differs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.mjs';
import { loadPage } from './load-page.mjs';

const { errorsPage } = await loadPage('errors-page');
writeFileSync(join(root, 'docs/errors.md'), errorsPage(root));
