import type { PreparedEvent } from '../../domain/event.ts';
import type { KeyRing } from './key-ring.ts';

/** Events that forget are remembered so many at a time: one that is read again is no news, and costs little if it is told. */
const mostMet = 10_000;

/** Sees to it that who was forgotten is known no more in this process, whichever process it was that forgot. */
export class Forgetting {
  readonly #ring: KeyRing | undefined;
  readonly #onForgotten: (subjects: readonly string[]) => void;
  readonly #met = new Set<string>();

  constructor(ring: KeyRing | undefined, onForgotten: (subjects: readonly string[]) => void) {
    this.#ring = ring;
    this.#onForgotten = onForgotten;
  }

  /** These subjects were forgotten. */
  forget(subjects: readonly string[]): void {
    if (subjects.length === 0) return;
    for (const subject of subjects) this.#ring?.drop(subject);
    this.#onForgotten(subjects);
  }

  /** An event of the log says that these subjects were forgotten. Whoever reads the log again has told it before. */
  meet({ id }: PreparedEvent, subjects: readonly string[]): void {
    if (subjects.length === 0 || this.#met.has(id)) return;
    this.#met.add(id);
    const oldest = this.#met.keys().next();
    if (this.#met.size > mostMet && oldest.done !== true) this.#met.delete(oldest.value);
    this.forget(subjects);
  }
}
