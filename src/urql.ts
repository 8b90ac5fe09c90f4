export { livefoldExchange } from './client/urql-exchange.ts';
