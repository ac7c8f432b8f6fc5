import { nodeSqliteDriver } from '../../../../src/registry/sqlite/index.js';

/** A process that warns before and after it loads Node's own SQLite, if there is one, and says whether it warns as it did before. */
const { emitWarning } = process;
process.emitWarning('the first', 'ExperimentalWarning');
nodeSqliteDriver();
nodeSqliteDriver();
process.emitWarning('the second', 'ExperimentalWarning');
process.stdout.write(String(process.emitWarning === emitWarning));
