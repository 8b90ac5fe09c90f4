import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { StoredEvent } from '../../domain/event.ts';
import type { Position } from '../../persistence/event-store.ts';
import { foldRows, keysOf } from '../fold-rows.ts';
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

/** A row of the table beside what it should be. */
type Pair = { readonly key: string; readonly row: AnyRow; readonly expected: AnyRow | undefined };

const page = 1_000;

/**
 * Compares a read table with a fold of the log, row by row, while the projection goes on. A row tells the position that
 * changed it last. Behind the position where the audit began, the fold goes on to there for that row alone, so that both are
 * of one moment, however fast the row changes.
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
  #hasFailed = false;

  private constructor(
    projection: AnyProjection,
    { position, start }: { readonly position: Position; readonly start: Position },
    options: RowAuditOptions,
  ) {
    this.projection = projection;
    this.position = position;
    this.start = start;
    this.#options = options;
    this.#list = new Checklist(`rows of ${projection.name}`);
  }

  /** Comes before the log's head is asked for: a projection is never ahead of that. */
  static async begin(projection: AnyProjection, options: RowAuditOptions): Promise<RowAudit> {
    const { models } = options;
    const position = await models.position(projection);
    return new RowAudit(projection, { position, start: await models.start(projection) }, options);
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
    const moved = new Map<string, AnyRow>();
    const absent = new Set(this.#folded.keys());
    for await (const rows of this.#wantedRows()) {
      for (const { key, row } of rows) {
        absent.delete(key);
        if (this.#positionOf(row) > this.position) moved.set(key, row);
      }
      const settled = rows.filter(({ key }) => !moved.has(key));
      await this.#compare(settled.map((one) => ({ ...one, expected: this.#folded.get(one.key) })));
      onProgress(this.#list.finding.checked);
    }
    if (moved.size + absent.size > 0) await this.#catchUp(moved, absent);
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
    const expected = new Map<string, AnyRow | undefined>();
    for await (const events of this.#options.read({ after: this.position, before }))
      for (const event of events)
        for (const key of this.#fold(event, (one) => moved.has(one) || absent.has(one))) {
          const row = this.#folded.get(key);
          // It was gone for a moment, which may have been the one at which the table was read.
          if (row === undefined) absent.delete(key);
          const there = moved.get(key);
          if (there !== undefined && this.#positionOf(there) === event.position) expected.set(key, row);
        }
    if (this.#hasFailed) return;
    for (const key of absent) this.#list.fail(`the row ${JSON.stringify(key)} is missing`);
    const pairs = [...moved].map(([key, row]) => ({
      ...{ key, row },
      expected: expected.has(key) ? expected.get(key) : this.#folded.get(key),
    }));
    for (let start = 0; start < pairs.length; start += page)
      await this.#compare(pairs.slice(start, start + page));
  }

  async #compare(pairs: readonly Pair[]): Promise<void> {
    const due = pairs.map(({ expected }) => expected).filter((row) => row !== undefined);
    // A column may keep a value in another form than the fold gave it: 1.50 for 1.5, where it has two places.
    const kept = (await this.#options.models.asKept(this.projection, due)).values();
    for (const { key, row, expected } of pairs) {
      const due = expected === undefined ? undefined : kept.next().value;
      if (due === undefined) this.#list.fail(`the row ${JSON.stringify(key)} should not be there`);
      else if (isDeepStrictEqual(row, due)) this.#list.pass();
      else this.#list.fail(`the row ${JSON.stringify(key)} differs in ${differing(row, due).join(', ')}`);
    }
  }

  /** Folds one event into the rows that are wanted; gives the keys of those that it is about. */
  #fold(event: StoredEvent, isWanted: (key: string) => boolean): readonly string[] {
    if (this.#hasFailed) return [];
    try {
      const keys = [...keysOf(this.projection, [event])].filter(isWanted);
      if (keys.length === 0) return [];
      const before = new Map(
        keys.flatMap((key) => {
          const row = this.#folded.get(key);
          return row === undefined ? [] : [[key, row] as const];
        }),
      );
      for (const { key, after, position } of foldRows(this.projection, [event], before)) {
        if (!isWanted(key)) continue;
        if (after === undefined) this.#folded.delete(key);
        else this.#folded.set(key, { ...after, position });
      }
      return keys;
    } catch (error) {
      this.#hasFailed = true;
      this.#list.fail(`position ${event.position} cannot be folded: ${String(error)}`);
      return [];
    }
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
