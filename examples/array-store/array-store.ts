import {
  appendConflict,
  checkAppend,
  type EventStore,
  findCommand,
  judgeAppend,
  LivefoldError,
  type LogState,
  matches,
  type Receipt,
  receiptOf,
  type StoredCommand,
  type StoredEvent,
} from 'livefold';

/** An event store over an array: one process, no transactions, gone when it ends. */
export function createArrayStore(): EventStore<never> {
  const log: StoredEvent[] = [];
  const ids = new Set<string>();
  const versions = new Map<string, number>();
  const commands = new Map<string, StoredCommand>();

  /** What `judgeAppend` asks of the log. */
  const state: LogState = {
    get head() {
      return log.length;
    },
    get recorded() {
      return log.at(-1)?.recordedAt.getTime();
    },
    findCommand: (id) => commands.get(id),
    versionOf: (stream) => versions.get(stream) ?? 0,
    hasMatch: (query, after) => log.slice(after).some((event) => matches(query, event)),
  };

  function receiptOfCommand({ position, events }: StoredCommand): Receipt {
    return receiptOf(log.slice(position - events, position), { position, duplicate: true });
  }

  return {
    // Nothing is awaited between judging and storing: no other append can come between.
    async append(item) {
      checkAppend(item);
      const known = judgeAppend(item, state);
      if (known !== undefined) return receiptOfCommand(known);
      const newIds = item.events.map(({ id }) => id.toLowerCase());
      if (new Set(newIds).size < newIds.length || newIds.some((id) => ids.has(id)))
        throw appendConflict(item, 'an event with one of these ids is in the log already');
      // From here on nothing fails: all is stored or, above, nothing was. A clock that was set back does not turn time round.
      const recordedAt = new Date(Math.max(Date.now(), state.recorded ?? 0));
      const stored = item.events.map((event) => {
        const version = state.versionOf(event.stream) + 1;
        const position = log.length + 1;
        log.push(copy({ ...event, id: event.id.toLowerCase(), position, version, recordedAt }));
        ids.add(event.id.toLowerCase());
        versions.set(event.stream, version);
        return { id: event.id, stream: event.stream, version };
      });
      const position = log.length;
      if (item.command !== undefined)
        commands.set(item.command.id, { ...item.command, position, events: stored.length });
      return receiptOf(stored, { position, duplicate: false });
    },

    async receiptOf(command) {
      const known = findCommand(command, state);
      return known === undefined ? null : receiptOfCommand(known);
    },

    async *read(
      query,
      { after = 0, before = Number.POSITIVE_INFINITY, asOf, backwards, signal, ...rest } = {},
    ) {
      let { limit = Number.POSITIVE_INFINITY } = rest;
      const end = Math.min(before - 1, log.length);
      for (let n = 0; n < end - after && limit > 0; n += 1) {
        if (signal?.aborted) throw new LivefoldError('ABORTED', 'The read was stopped.');
        const event = log[backwards ? end - 1 - n : after + n];
        if (event === undefined || !matches(query, event)) continue;
        if (asOf !== undefined && event.recordedAt > asOf) continue;
        yield copy(event);
        limit -= 1;
      }
    },

    head: async () => log.length,
  };
}

/** Callers keep what is theirs, and data is what JSON makes of it. */
function copy(event: StoredEvent): StoredEvent {
  const { data } = event;
  const kept = data instanceof Uint8Array ? Uint8Array.from(data) : JSON.parse(JSON.stringify(data));
  return { ...structuredClone({ ...event, data: null }), data: kept };
}
