import { WebSocketServer } from 'ws';
import { openClient } from '../../src/adapters/postgres/database.ts';
import { createId } from '../../src/kernel/ids.ts';

/**
 * The least that a live server can do, as a process of its own: a message on a socket becomes one insert that notifies, and what
 * the listener hears goes to every socket. Prints its address.
 */
const sql = openClient(process.env.DATABASE_URL ?? '', { max: 2 });
await sql`create table if not exists bench_raw (position bigserial primary key, id uuid not null unique, data jsonb not null)`;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
  socket.on('message', (message) => {
    void sql`with stored as (insert into bench_raw (id, data) values (${createId()}, ${message.toString()}::jsonb) returning position)
      select pg_notify('bench_raw', position::text) from stored`.execute();
  });
});
await sql.listen('bench_raw', (payload) => {
  for (const client of server.clients) client.send(payload);
});
const address = server.address();
console.log(typeof address === 'object' ? `ws://127.0.0.1:${address?.port}` : address);
