import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { ownTemporaryFolder } from './scripts/temporary.mjs';
import { LongestFirst } from './test/longest-first.js';

process.env['TMPDIR'] = ownTemporaryFolder();
// tests play with files whose mode says nothing wrong about them unless they say so: root trusts none that others may write to
process.umask(0o022);

/** What no machine takes, however busy: it ends a test that hangs. A wait within a test is shorter, and says what it waited for. */
const HANGS = { testTimeout: 1_800_000, hookTimeout: 1_800_000, expect: { poll: { timeout: 120_000 } } } as const;

const config: ViteUserConfig = defineConfig({
  test: {
    dangerouslyIgnoreUnhandledErrors: false,
    sequence: { sequencer: LongestFirst },
    // `npm test` runs vitest six times: what was made of TypeScript once is used again, as long as its source is the same
    experimental: { fsModuleCache: true },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/*/generated/**'],
      reporter: ['text-summary', 'json-summary'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // files share their modules: to load them anew for each takes longer than the tests
          isolate: false,
          setupFiles: ['test/unit/seed.ts'],
          ...HANGS,
        },
      },
      // anything from outside: QPLUG_RUNS times as much for `npm run fuzz`
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/*.test.ts'],
          setupFiles: ['test/unit/seed.ts'],
          isolate: false,
          ...HANGS,
        },
      },
      {
        test: {
          name: 'qemu',
          include: ['test/qemu/**/*.test.ts'],
          isolate: false,
          ...HANGS,
        },
      },
      // QEMUs of several releases, fetched when they are not there
      {
        test: {
          name: 'oracle',
          include: ['test/oracle/**/*.test.ts'],
          isolate: false,
          globalSetup: ['test/oracle/fetch.ts'],
          ...HANGS,
        },
      },
      // what goes on for a long time: QPLUG_AGENT_SOAK seconds
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          globalSetup: ['test/oracle/fetch.ts'],
          testTimeout: 0,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          ...HANGS,
        },
      },
    ],
  },
});

export default config;
