/** One row of a live field, as the operation selected it. */
export type Row = Readonly<Record<string, unknown>>;

/** One frame of a live field: SNAPSHOT replaces what the client holds, DELTA is applied to it. */
export type Frame = {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  /** Where the client can resume; 0 while a long snapshot is not complete. */
  readonly position: string;
  readonly upserted: readonly Row[];
  readonly removed: readonly string[];
  /** Whether the client is up to date with it. */
  readonly live: boolean;
};

/** The frame in a result's data; nothing where an error took its place. */
export function readFrame(value: unknown): Frame | undefined {
  // What a live field gives: its own selection of `upserted` made it one, and the rest was asked for with it.
  return typeof value === 'object' && value !== null ? (value as Frame) : undefined;
}
