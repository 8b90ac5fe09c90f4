import { defineConfig } from 'drizzle-kit';

/** Livefold's own tables. An application's read tables have a configuration and a folder of their own (see src/app). */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/adapters/postgres/tables.ts',
  out: './drizzle/livefold',
  schemaFilter: ['livefold'],
});
