import { LivefoldError } from '../kernel/errors.ts';
import { type Frame, type Row, readFrame } from './live-frame.ts';
import { readLiveOperation } from './live-operation.ts';
import type { OperationRequest, OperationResult, Sink, Transport } from './transport.ts';

/** The key of a live field's rows, by the field's name, where it is not `id`: `{ products: 'sku' }`. */
export type Keys = Readonly<Record<string, string>>;

/**
 * A transport that folds frames: each result of a live field is a SNAPSHOT of all rows, as if it were the first frame. `live` is
 * false until all have come. A row that did not change stays the same object. Everything else passes as it is.
 */
export function folding(transport: Transport, keys: Keys = {}): Transport {
  return {
    subscribe(request, sink) {
      const operation = readLiveOperation(request);
      if (operation?.hasRows !== true) return transport.subscribe(request, sink);
      const { field, responseName } = operation;
      const fold = foldFrames(field, keys[field] ?? 'id');
      return subscribeFolded(transport, request, sink, (result) => {
        const frame = readFrame(result.data?.[responseName]);
        return frame === undefined
          ? result
          : { ...result, data: { ...result.data, [responseName]: fold(frame) } };
      });
    },
  };
}

/**
 * Makes a fold of one live field's frames. It takes each frame and gives the whole: a frame that is a SNAPSHOT of all rows,
 * in the order in which they came.
 *
 * @throws LivefoldError `LIVE_KEY_MISSING` for rows that do not have the field `key`
 */
export function foldFrames(field: string, key = 'id'): (frame: Frame) => Frame {
  const rows = new Map<string, Row>();
  return (frame) => {
    if (frame.kind === 'SNAPSHOT') rows.clear();
    for (const gone of frame.removed) rows.delete(gone);
    for (const row of frame.upserted) rows.set(keyOf(row, field, key), row);
    return { ...frame, kind: 'SNAPSHOT', upserted: [...rows.values()], removed: [] };
  };
}

function keyOf(row: Row, field: string, key: string): string {
  const value = row[key];
  if (value !== undefined && value !== null) return String(value);
  const message = `A row of "${field}" came without "${key}": select it, or name the rows' key in \`keys\`, { ${field}: '…' }.`;
  throw new LivefoldError('LIVE_KEY_MISSING', message, { fields: { field, key } });
}

/** Rows that cannot be folded end the subscription with the reason: a list that is silently wrong helps nobody. */
function subscribeFolded(
  transport: Transport,
  request: OperationRequest,
  sink: Sink,
  fold: (result: OperationResult) => OperationResult,
): () => void {
  let leave = (): void => {};
  let isOver = false;
  const end = (): void => {
    isOver = true;
    leave();
  };
  leave = transport.subscribe(request, {
    next: (result) => {
      if (isOver) return;
      try {
        sink.next(fold(result));
      } catch (error) {
        end();
        sink.error(error);
      }
    },
    error: (error) => sink.error(error),
    complete: () => sink.complete(),
  });
  if (isOver) leave();
  return end;
}
