import type { ServerResponse } from 'node:http';

/** Whether the server can do its work, and if not, why. */
export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] };

/** `/health`: the process is up. */
export function answerHealth(response: ServerResponse): void {
  send(response, 200, { status: 'ok' });
}

/** `/ready`: the server can do its work, or 503 with the reasons why not. */
export async function answerReadiness(
  response: ServerResponse,
  isReady: () => Promise<Readiness>,
): Promise<void> {
  const { ready, reasons } = await isReady();
  if (ready) send(response, 200, { status: 'ready' });
  else send(response, 503, { status: 'not ready', reasons });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
