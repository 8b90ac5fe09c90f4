/** One server-sent event, field by field as it came. */
export type ServerSentEvent = { readonly event: string; readonly id?: string; readonly data: string };

/** A raw reader of an event stream. `leave` closes the connection, as a browser does that goes elsewhere. */
export type EventStream = {
  readonly response: Response;
  readonly next: () => Promise<ServerSentEvent | undefined>;
  readonly leave: () => void;
};

export async function openEventStream(
  url: string,
  operation: { readonly query: string; readonly variables?: object },
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(operation),
    signal: leaving.signal,
  });
  const events = parse(response);
  return { response, leave: () => leaving.abort(), next: async () => (await events.next()).value };
}

async function* parse({ body }: Response): AsyncGenerator<ServerSentEvent, undefined> {
  let rest = '';
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks.filter((block) => !block.startsWith(':')).map(toEvent);
  }
  return undefined;
}

function toEvent(block: string): ServerSentEvent {
  const fields = block.split('\n').map((line) => line.split(/: ?(.*)/s, 2));
  return { event: '', data: '', ...Object.fromEntries(fields) };
}
