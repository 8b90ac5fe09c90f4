/** One event of an event stream. */
export type ServerSentEvent = { readonly event: string; readonly data: string };

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream) from
 * text in whatever pieces it comes. Comments and fields without a meaning here are left out.
 *
 * @throws RangeError for an event of more than `mostText` characters, which may never end
 */
export async function* readServerSentEvents(
  pieces: AsyncIterable<string>,
  mostText: number,
): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  let event = '';
  let data: string[] = [];
  for await (const piece of pieces) {
    // A CR at the end of a piece may be half of a CR LF.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [name, value] = fieldOf(line);
      if (name === 'event') event = value;
      if (name === 'data') data.push(value);
      if (line !== '') continue;
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
    }
    const size = data.reduce((sum, line) => sum + line.length, rest.length);
    if (size > mostText) throw new RangeError(`an event of more than ${mostText} characters`);
  }
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const start = line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(start)];
}
