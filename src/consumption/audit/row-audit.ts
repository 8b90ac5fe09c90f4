import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { StoredEvent } from '../../domain/event.ts';
import type { Position } from '../../persistence/event-store.ts';
import { type Changes, foldKey } from '../fold-rows.ts';
import { KeptBackEvents } from '../kept-back-events.ts';
import { keysOfEvent } from '../key-events.ts';
import type { AnyProjection, AnyRow } from '../projection.ts';
import type { ReadModels } from '../read-models.ts';
import { Checklist, type Finding } from './finding.ts';

export type RowAuditOptions = {
  readonly models: ReadModels;
  /** The events of a range that can be read, a chunk at a time. */
  readonly read: (range: {
    readonly after: Position;
    readonly before: Position;
  }) => AsyncIterable<readonly StoredEvent[]>;
  /** Which rows are compared: one of so many, chosen by their keys; 1 compares all. */
  readonly oneOf: number;
};

/** A row of the table beside what it should be: one of these, where two events may have come before it or not. */
type Pair = {
  readonly key: string;
  readonly row: AnyRow;
  readonly expected: readonly (AnyRow | undefined)[];
};

const page = 1_000;

/**
 * Compares a read table with a fold of the log, row by row, while the projection goes on. A row tells the position that
 * changed it last. Behind the position where the audit began, the fold goes on to there for that row alone, so that both are
 * of one moment, however fast the row changes. Rows that something is kept back of are left out, and counted.
 */
export class RowAudit {
  readonly projection: AnyProjection;
  /** Where the projection stood when the audit began: all rows are at least as far. */
  readonly position: Position;
  /** Where the projection began: its rows know nothing of what was before. */
  readonly start: Position;
  readonly #options: RowAuditOptions;
  /** The rows, each with its position. */
  readonly #folded = new Map<string, AnyRow>();
  readonly #list: Checklist;
  readonly #keptBack: KeptBackEvents;
  #hasFailed = false;

  private constructor(
    projection: AnyProjection,
    { position, start }: { readonly position: Position; readonly start: Position },
    keptBack: KeptBackEvents,
    options: RowAuditOptions,
  ) {
    this.projection = projection;
    this.position = position;
    this.start = start;
    this.#options = options;
    this.#keptBack = keptBack;
    this.#list = new Checklist(`rows of ${projection.name}`);
  }

  /** Comes before the log's head is asked for: a projection is never ahead of that. */
  static async begin(projection: AnyProjection, options: RowAuditOptions): Promise<RowAudit> {
    const { models } = options;
    const position = await models.position(projection);
    // Behind the position: what it has parked by then is known.
    const keptBack = new KeptBackEvents(projection);
    await keptBack.look(models.parked);
    return new RowAudit(projection, { position, start: await models.start(projection) }, keptBack, options);
  }

  /** Takes in the next events of the log; those up to where the projection began, and behind its position, are not for it. */
  add(events: readonly StoredEvent[]): void {
    for (const event of events)
      if (event.position > this.start && event.position <= this.position)
        this.#fold(event, (key) => this.#isWanted(key));
  }

  /** The finding without a comparison: what was folded is not what the projection saw. */
  skip(reason: string): Finding {
    this.#list.skip(reason);
    return this.#list.finding;
  }

  async conclude(onProgress: (rows: number) => void = () => {}): Promise<Finding> {
    if (this.#hasFailed) return this.#list.finding;
    await this.#keptBack.look(this.#options.models.parked);
    const moved = new Map<string, AnyRow>();
    const absent = new Set(this.#folded.keys());
    for await (const rows of this.#wantedRows()) {
      for (const { key, row } of rows) {
        absent.delete(key);
        if (this.#positionOf(row) > this.position) moved.set(key, row);
      }
      const settled = rows.filter(({ key }) => !moved.has(key));
      await this.#compare(settled.map((one) => ({ ...one, expected: [this.#folded.get(one.key)] })));
      onProgress(this.#list.finding.checked);
    }
    if (moved.size + absent.size > 0) await this.#catchUp(moved, absent);
    this.#list.park(this.#keptBack.count);
    return this.#list.finding;
  }

  async *#wantedRows(): AsyncGenerator<readonly { readonly key: string; readonly row: AnyRow }[]> {
    const { models } = this.#options;
    let rows = await models.rows(this.projection, { limit: page });
    while (rows.length > 0) {
      const keyed = rows.map((row) => ({ key: this.#keyOf(row), row }));
      yield keyed.filter(({ key }) => this.#isWanted(key));
      const last = keyed.at(-1)?.key ?? '';
      rows = await models.rows(this.projection, { limit: page, after: { value: last, key: last } });
    }
  }

  /**
   * Folds on: `moved` are rows that have changed meanwhile, each up to the position that it says; `absent` those that were not
   * there, though at the beginning they should have been, up to the end of the log.
   */
  async #catchUp(moved: ReadonlyMap<string, AnyRow>, absent: Set<string>): Promise<void> {
    const furthest = [...moved.values()].reduce((most, row) => Math.max(most, this.#positionOf(row)), 0);
    const before = absent.size > 0 ? Number.MAX_SAFE_INTEGER : furthest + 1;
    const expected = new Map<string, (AnyRow | undefined)[]>();
    for await (const events of this.#options.read({ after: this.position, before }))
      for (const event of events)
        this.#fold(
          event,
          (one) => moved.has(one) || absent.has(one),
          (key, row, after) => {
            // It was gone for a moment, which may have been the one at which the table was read.
            if (after === undefined) absent.delete(key);
            const there = moved.get(key);
            if (there === undefined || this.#positionOf(there) > event.position) return;
            const states = expected.get(key) ?? [row];
            // A row that a retry wrote says the position behind the projection's, and may be without the event that came there.
            if (this.#positionOf(there) === event.position) states.push(after);
            expected.set(key, states);
          },
        );
    if (this.#hasFailed) return;
    await this.#keptBack.look(this.#options.models.parked);
    for (const key of absent)
      if (!this.#keptBack.isParked(key)) this.#list.fail(`the row ${JSON.stringify(key)} is missing`);
    const pairs = [...moved].map(([key, row]) => ({
      ...{ key, row },
      expected: expected.get(key) ?? [this.#folded.get(key)],
    }));
    for (let start = 0; start < pairs.length; start += page)
      await this.#compare(pairs.slice(start, start + page));
  }

  async #compare(all: readonly Pair[]): Promise<void> {
    const pairs = all.filter(({ key }) => !this.#keptBack.isParked(key));
    const furthest = await this.#options.models.position(this.projection);
    const due = pairs.flatMap(({ expected }) => expected.filter((row) => row !== undefined));
    // A column may keep a value in another form than the fold gave it: 1.50 for 1.5, where it has two places.
    const kept = (await this.#options.models.asKept(this.projection, due)).values();
    for (const { key, row, expected } of pairs) {
      const states = expected.flatMap((one) => {
        const state = one === undefined ? undefined : kept.next().value;
        return state === undefined ? [] : [this.#amended(state, row, furthest)];
      });
      const last = states.at(-1);
      if (states.some((state) => isDeepStrictEqual(row, state))) this.#list.pass();
      else if (last === undefined) this.#list.fail(`the row ${JSON.stringify(key)} should not be there`);
      else this.#list.fail(`the row ${JSON.stringify(key)} differs in ${differing(row, last).join(', ')}`);
    }
  }

  /** A row that was parked says a later position than its last event's: the one behind the projection's, when it was folded. */
  #amended(state: AnyRow, row: AnyRow, furthest: Position): AnyRow {
    const at = this.#positionOf(row);
    return at > this.#positionOf(state) && at <= furthest + 1 ? { ...state, position: row.position } : state;
  }

  /** Folds one event into the rows that are wanted, and tells of each what it was before and is behind it. */
  #fold(
    event: StoredEvent,
    isWanted: (key: string) => boolean,
    onFolded: (key: string, before: AnyRow | undefined, after: AnyRow | undefined) => void = () => {},
  ): void {
    if (this.#hasFailed) return;
    for (const key of this.#keysOf(event).filter(isWanted)) {
      if (this.#keptBack.isWaiting(event.position)) this.#keptBack.park(key, event.position);
      if (this.#keptBack.isParked(key) || this.#keptBack.hasSkipped(event.position, key)) continue;
      const before = this.#folded.get(key);
      try {
        this.#foldInto(key, event);
      } catch (error) {
        // Behind the position where the audit began it may be parked any moment.
        if (event.position > this.position) this.#keptBack.park(key, event.position);
        else this.#fail(event, error);
        continue;
      }
      onFolded(key, before, this.#folded.get(key));
    }
  }

  #keysOf(event: StoredEvent): readonly string[] {
    try {
      return keysOfEvent(this.projection, event);
    } catch (error) {
      if (event.position <= this.position && !this.#keptBack.isUnkeyed(event.position))
        this.#fail(event, error);
      return [];
    }
  }

  #foldInto(key: string, event: StoredEvent): void {
    const changes: Changes = new Map();
    foldKey(this.projection, { key, event }, this.#folded, changes);
    const change = changes.get(key);
    if (change === undefined) return;
    if (change.after === undefined) this.#folded.delete(key);
    else this.#folded.set(key, { ...change.after, position: change.position });
  }

  #fail(event: StoredEvent, error: unknown): void {
    this.#hasFailed = true;
    this.#list.fail(`position ${event.position} cannot be folded: ${String(error)}`);
  }

  /** The same keys each time and in the fold as in the table: by their hash. */
  #isWanted(key: string): boolean {
    const { oneOf } = this.#options;
    return oneOf === 1 || Number.parseInt(hash('sha256', key).slice(0, 8), 16) % oneOf === 0;
  }

  #keyOf(row: AnyRow): string {
    return String(row[this.projection.keyField]);
  }

  #positionOf(row: AnyRow): Position {
    return Number(row.position);
  }
}

function differing(row: AnyRow, expected: AnyRow): readonly string[] {
  return Object.keys(row).filter((field) => !isDeepStrictEqual(row[field], expected[field]));
}
