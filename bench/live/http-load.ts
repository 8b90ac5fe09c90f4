/** Clients of one server over HTTP, each asking as soon as it has its answer, as a process of its own. */
import { Agent, request } from 'node:http';
import { answerParent } from './child.ts';

type Load = {
  readonly url: string;
  readonly query: string;
  /** Asked for by turns, as the variable `id`; left out where the query asks for none. */
  readonly ids?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
};

/** Answers a second, and the 95th percentile of how long they took, in milliseconds. */
async function load({ url, query, ids, connections, seconds }: Load) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let asked = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const id = ids?.[asked % ids.length];
        asked += 1;
        const at = performance.now();
        await ask(
          agent,
          `${url}/graphql`,
          JSON.stringify({ query, variables: id === undefined ? {} : { id } }),
        );
        times.push(performance.now() - at);
      }
    }),
  );
  const took = (performance.now() - start) / 1_000;
  agent.destroy();
  const sorted = times.toSorted((a, b) => a - b);
  return {
    count: times.length,
    rate: times.length / took,
    p95: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
  };
}

function ask(agent: Agent, url: string, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(url, { agent, method: 'POST', headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    response.on('end', () => (text.includes('"errors"') ? reject(new Error(text)) : resolve()));
  });
  sent.on('error', reject).end(body);
  return promise;
}

answerParent({ load });
