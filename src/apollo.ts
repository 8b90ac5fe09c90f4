export { createLivefoldLink } from './client/apollo-link.ts';
