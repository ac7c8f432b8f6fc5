import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    dangerouslyIgnoreUnhandledErrors: false,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/config/generated/**'],
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
          testTimeout: 20_000,
        },
      },
      // anything from outside: QPLUG_RUNS times as much for `npm run fuzz`
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/*.test.ts'],
          setupFiles: ['test/unit/seed.ts'],
          isolate: false,
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'qemu',
          include: ['test/qemu/**/*.test.ts'],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // QEMUs of several releases, fetched when they are not there
      {
        test: {
          name: 'oracle',
          include: ['test/oracle/**/*.test.ts'],
          isolate: false,
          globalSetup: ['test/oracle/fetch.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});

export default config;
