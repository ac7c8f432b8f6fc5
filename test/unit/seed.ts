import fc from 'fast-check';

/**
 * Property tests try the same cases in every run, so that a change of ours is the only thing that can make them fail. To look for new
 * ones: `QPLUG_SEED=random npx vitest run --project unit`, or any number. A case that was found becomes a test of its own.
 */
const { QPLUG_SEED = '20261121' } = process.env;
if (QPLUG_SEED !== 'random') fc.configureGlobal({ seed: Number(QPLUG_SEED) });
