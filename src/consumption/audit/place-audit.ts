import type { StoredEvent } from '../../domain/event.ts';
import type { Position } from '../../persistence/event-store.ts';
import { Checklist, type Finding } from './finding.ts';

/** Verifies where events stand: positions dense, versions contiguous, times that never fall. Remembers one number a stream. */
export class PlaceAudit {
  readonly #positions = new Checklist('positions are dense');
  readonly #versions = new Checklist('versions are contiguous');
  readonly #times = new Checklist('recorded times never fall');
  readonly #streams = new Map<string, number>();
  #last: Pick<StoredEvent, 'position' | 'recordedAt'> | undefined;

  /** The position of the last event that was seen. */
  get position(): Position {
    return this.#last?.position ?? 0;
  }

  /** Whether the log has a hole: what is folded from it is not what it was. */
  get hasHoles(): boolean {
    return this.#positions.finding.faults > 0;
  }

  add(event: StoredEvent): void {
    const { position, stream, version, recordedAt } = event;
    const expected = this.position + 1;
    if (position === expected) this.#positions.pass();
    else this.#positions.fail(missing(expected, position - 1));
    const next = (this.#streams.get(stream) ?? 0) + 1;
    if (version === next) this.#versions.pass();
    else
      this.#versions.fail(
        `the stream "${stream}" has version ${version} at position ${position}, where ${next} was to come`,
      );
    this.#streams.set(stream, version);
    if (this.#last === undefined || this.#last.recordedAt <= recordedAt) this.#times.pass();
    else
      this.#times.fail(
        `position ${position} was recorded at ${recordedAt.toISOString()}, before position ${this.#last.position} at ${this.#last.recordedAt.toISOString()}`,
      );
    this.#last = event;
  }

  conclude(head: Position): readonly Finding[] {
    if (this.position < head) this.#positions.fail(missing(this.position + 1, head));
    return [this.#positions.finding, this.#versions.finding, this.#times.finding];
  }
}

function missing(from: Position, to: Position): string {
  return from === to ? `position ${from} is missing` : `positions ${from} to ${to} are missing`;
}
