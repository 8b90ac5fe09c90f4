import { type Frame, type SubscriberOptions, subscribe } from './subscriber.ts';

type Connection = Pick<SubscriberOptions, 'servers' | 'random' | 'signal' | 'transport'>;
type Row = Readonly<Record<string, unknown>> & { readonly id: string };
export type RowFrame = Frame & {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly upserted: readonly Row[];
  readonly removed: readonly string[];
};

/** A client that holds a read table as a live field's frames make it. */
export class RowWatcher {
  readonly rows = new Map<string, Row>();
  readonly faults: string[] = [];
  readonly field: string;
  readonly #selection: string;
  #position = 0;
  frames = 0;

  constructor(field: string, selection: string) {
    this.field = field;
    this.#selection = selection;
  }

  /** Watches until the signal aborts; the answer is how often it connected. */
  watch(connection: Connection): Promise<number> {
    return subscribe({
      ...connection,
      field: this.field,
      selection: `kind position upserted { ${this.#selection} } removed`,
      position: () => this.#position,
      // The selection is that of such a frame.
      take: (frame) => this.take(frame as RowFrame),
    });
  }

  /**
   * Applies a frame. A row may come again at the position where the client is: of a shard that is ahead of the others, or one that was
   * kept back. But nothing goes backwards.
   */
  take({ kind, position, upserted, removed }: RowFrame): void {
    this.frames += 1;
    const at = Number(position);
    // While a long snapshot is not complete its frames stand at 0.
    if (kind === 'DELTA' && at > 0 && at < this.#position)
      this.faults.push(`${this.field}: behind a frame at ${this.#position} came one at ${at}`);
    if (kind === 'SNAPSHOT') this.rows.clear();
    for (const row of upserted) {
      const held = this.rows.get(row.id);
      if (Number(held?.marks) > Number(row.marks))
        this.faults.push(`${this.field}: ${row.id} went back from ${held?.marks} to ${row.marks} at ${at}`);
      this.rows.set(row.id, row);
    }
    for (const id of removed) this.rows.delete(id);
    this.#position = at;
  }
}
