import { defineConfig } from 'vite';

// Where the shop is: the page asks its own server, which passes everything for `/graphql` on.
const shop = process.env.SHOP ?? 'http://127.0.0.1:4000';

export default defineConfig({
  // In the clone the package's doors are its sources. An application that has installed `livefold` needs no such line.
  resolve: { conditions: ['livefold-source', 'module', 'browser', 'development|production'] },
  server: { host: '127.0.0.1', proxy: { '/graphql': { target: shop, ws: true } } },
});
