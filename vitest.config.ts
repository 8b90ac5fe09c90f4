import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The package's own doors resolve to their sources, so that tests need no build.
const conditions = ['livefold-source'];

export default defineConfig({
  resolve: {
    // Vite would load graphql's `module` build beside the `main` one that node gives to Yoga: two realms that reject each other's schema.
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
    conditions,
  },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Many tests wait, for processes that are killed and leases that run out: three keep two cores at work.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
