import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { Session } from '../../src/graphql/auth/session.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { buildBackendSchema } from '../../src/graphql/build-schema.ts';
import { listen } from '../../src/graphql/listen.ts';
import { createId } from '../../src/kernel/ids.ts';
import type { RunningBackend } from '../../src/main/start-backend.ts';
import { answerParent } from './child.ts';
import { placeOrders, type Writing } from './orders-backend.ts';

/** Serves a backend as graphql-ws and graphql-js do by themselves: one execution for each subscriber. */
export async function serveByGraphqlWs(
  definition: BackendDefinition,
  backend: RunningBackend,
): Promise<void> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, path: '/graphql' });
  const { signal } = new AbortController();
  useServer(
    {
      schema: buildBackendSchema(definition),
      context: () => {
        const session = new Session();
        const context = { backend, session, correlationId: createId(), resumeAfter: null, signal };
        return { ...(definition.context?.(context) ?? context) };
      },
    },
    server,
  );
  const port = await listen(http, '127.0.0.1', 0);
  answerParent({
    url: () => `ws://127.0.0.1:${port}`,
    write: (writing: Writing) => placeOrders(backend, writing),
  });
}
