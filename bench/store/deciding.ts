import { randomUUID } from 'node:crypto';
import { createId } from '../../src/kernel/ids.ts';
import type { AppendItem, EventStore } from '../../src/persistence/event-store.ts';
import type { Side } from '../compare.ts';
import { sideOf } from './side.ts';

/** What the append is held to: nothing but its stream's version, or a condition on one tag or on three together. */
export type Guard = 'stream' | '1 tag' | '3 tags';

/**
 * Appends one event with three tags. The conditions look at the whole log for tags that it does not have together: of the
 * three, the region's is the most frequent and comes first, the student's has ten events, the course is new.
 */
export function appendGuarded(store: EventStore, guard: Guard, name: string): Side {
  return sideOf(
    name,
    (count) => Array.from({ length: count }, () => item(guard)),
    (one) => store.append(one),
  );
}

function item(guard: Guard): AppendItem {
  const course = randomUUID();
  const random = Math.floor(Math.random() * 1_000);
  const tags = [`region:${random % 50}`, `student:${random}`, `course:${course}`];
  const stream = `Course-${course}`;
  return {
    events: [
      {
        ...{
          id: createId(),
          stream,
          type: 'StudentSubscribed',
          schemaVersion: 1,
          tags,
          actor: null,
          tenant: null,
        },
        data: { courseId: course, studentId: `${random}`, note: 'a seat by the window', price: '4.25' },
        ...{ correlationId: null, causationId: null, metadata: null, occurredAt: new Date() },
      },
    ],
    ...(guard === 'stream'
      ? { expected: [{ stream, version: 0 }] }
      : {
          condition: {
            query: { items: [{ tags: guard === '1 tag' ? tags.slice(2) : tags }] },
            after: 0,
          },
        }),
  };
}
