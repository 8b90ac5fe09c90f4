import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldRow } from '../../src/consumption/fold-rows.ts';
import { KeptBackEvents } from '../../src/consumption/kept-back-events.ts';
import { lastRow, rowSteps } from '../../src/consumption/row-history.ts';
import { counted, countersProjection, labelled, removed, stored, whispered } from './counters.ts';

const counters = countersProjection();
const ofA = { key: 'a', keptBack: new KeptBackEvents(counters) };

const events = fc
  .array(
    fc.oneof(
      fc.constantFrom(counted('a'), counted('b'), counted('a', 'b'), removed('a'), removed('b'), whispered()),
      fc.constantFrom('x', 'y', null).map((label) => labelled('a', label)),
    ),
    { maxLength: 12 },
  )
  .map((made) => stored(...made));

test('a history has each change of a row, and what the row was before and after it', async () => {
  await fc.assert(
    fc.asyncProperty(events, async (log) => {
      const steps = await Array.fromAsync(rowSteps(counters, ofA, Readable.from(log)));
      const rows = log.map((_, index) => foldRow(counters, 'a', log.slice(0, index + 1)));
      for (const { event, before, after } of steps) {
        const { position: _, ...row } = after ?? {};
        expect(after && row).toEqual(rows[event.position - 1]);
        expect(after?.position ?? event.position).toBe(event.position);
        expect(before?.position ?? 0).toBeLessThan(event.position);
      }
      // What is left out changed nothing.
      const changing = new Set(steps.map(({ event }) => event.position));
      for (const [index, row] of rows.entries())
        if (!changing.has(index + 1)) expect(row).toEqual(rows[index - 1]);
      const befores = steps.map(({ before }) => before);
      expect(befores).toEqual(
        [undefined, ...steps.slice(0, -1).map(({ after }) => after)].slice(0, steps.length),
      );
      expect(await lastRow(counters, ofA, Readable.from(log))).toEqual(steps.at(-1)?.after);
    }),
  );
});
