/** The same SQL behind the least HTTP server, as a process of its own. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { openClient } from '../../src/adapters/postgres/database.ts';
import { listen } from '../../src/graphql/listen.ts';
import { answerParent, heldMemory } from './child.ts';

const sql = openClient(process.env.DATABASE_URL ?? '', { max: 10 });

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  const { variables } = JSON.parse(body);
  const data =
    variables.id === undefined
      ? { orders: { nodes: await sql`select * from orders order by id limit 51` } }
      : { order: (await sql`select * from orders where id = ${variables.id}`)[0] };
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
}

const http = createServer((request, response) => void answer(request, response));
const port = await listen(http, '127.0.0.1', 0);

answerParent({ url: () => `http://127.0.0.1:${port}`, memory: heldMemory });
