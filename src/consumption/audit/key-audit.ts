import type { StoredEvent } from '../../domain/event.ts';
import { allKeys } from '../../persistence/all-keys.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { KeyStore } from '../../persistence/key-store.ts';
import { isMarked, type Marks, readMarks } from '../../persistence/mapper/open-marks.ts';
import { Checklist, type Finding } from './finding.ts';

const page = 1_000;

/**
 * Compares the keys of persons with what the log says of them: a key is destroyed by an event that forgets the person, and by
 * nothing else. Data sealed under a key that somebody took away would read as that of one who is forgotten.
 */
export class KeyAudit {
  readonly #keys: KeyStore;
  /** Subjects without a key, and the first event that has something sealed for each, where it can be seen. */
  readonly #destroyed: Map<string, Position | undefined>;
  readonly #forgotten = new Map<string, Position>();
  readonly #list = new Checklist('keys are as the log says');

  private constructor(keys: KeyStore, destroyed: readonly string[], count: number) {
    this.#keys = keys;
    this.#destroyed = new Map(destroyed.map((subject) => [subject, undefined]));
    this.#list.pass(count - destroyed.length);
  }

  /** Looks at the keys. Comes before the log's head is asked for: whoever is forgotten then has an event before it. */
  static async begin(keys: KeyStore): Promise<KeyAudit> {
    const destroyed: string[] = [];
    let count = 0;
    for await (const { subject, wrapped } of allKeys(keys)) {
      count += 1;
      if (subject !== null && wrapped === null) destroyed.push(subject);
    }
    return new KeyAudit(keys, destroyed, count);
  }

  /** Takes in events as they are stored: what they say of persons is seen without any key, unless all of it is sealed. */
  addStored(events: readonly StoredEvent[]): void {
    for (const { data, position } of events) {
      const marks = marksOf(data);
      for (const { subject } of marks?.personal ?? [])
        if (this.#destroyed.has(subject) && this.#destroyed.get(subject) === undefined)
          this.#destroyed.set(subject, position);
      this.#forget(marks?.forgets ?? [], position);
    }
  }

  /** Takes in events that were opened. */
  addOpened(events: readonly StoredEvent[]): void {
    for (const { forgets = [], position } of events) this.#forget(forgets, position);
  }

  async conclude(): Promise<Finding> {
    for (const [subject, position] of this.#destroyed) {
      if (this.#forgotten.has(subject)) {
        this.#list.pass();
        continue;
      }
      const where = position === undefined ? '' : `, which sealed position ${position}`;
      this.#list.fail(`the key of "${subject}"${where}, is destroyed, and no event forgets "${subject}"`);
    }
    // Asked for again: a key that was there at the beginning may have been destroyed since.
    const subjects = [...this.#forgotten.keys()];
    for (let start = 0; start < subjects.length; start += page)
      for (const { subject, wrapped } of await this.#keys.findKeys({
        subjects: subjects.slice(start, start + page),
      }))
        if (subject !== null && wrapped !== null)
          this.#list.fail(
            `position ${this.#forgotten.get(subject)} forgets "${subject}", whose key is there all the same`,
          );
    return this.#list.finding;
  }

  #forget(subjects: readonly string[], position: Position): void {
    for (const subject of subjects) if (!this.#forgotten.has(subject)) this.#forgotten.set(subject, position);
  }
}

function marksOf(data: unknown): Marks | undefined {
  if (data instanceof Uint8Array || !isMarked(data)) return undefined;
  try {
    return readMarks(data);
  } catch {
    // Whether events can be read is another check's.
    return undefined;
  }
}
