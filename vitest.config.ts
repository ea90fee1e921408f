import { defineConfig } from 'vitest/config';

/** Milliseconds: how long a test may take that runs at night. */
const HOUR = 3_600_000;

/**
 * Rings of the test suite, one after the other: pure code, the built command against our own
 * registry, what is hard on either, and real peers. Many tests wait for processes: by default a core would stay idle.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/wire/**', 'test/hard/**', 'test/interop/**'],
          globalSetup: 'test/support/codec-thread.ts',
          testTimeout: 30_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'wire',
          include: ['test/wire/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'hard',
          include: ['test/hard/**/*.test.ts'],
          globalSetup: 'test/support/codec-thread.ts',
          testTimeout: HOUR,
          hookTimeout: 60_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          globalSetup: 'test/support/codec-thread.ts',
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
