import { defineConfig } from 'drizzle-kit';

/** The shop's read tables. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/app/*/*-table*.ts',
  out: './drizzle/shop',
});
