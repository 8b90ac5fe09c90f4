import { expect, test } from 'vitest';
import { Connection } from '../../../src/adapters/sqlite/connection.ts';
import { selectItem } from '../../../src/adapters/sqlite/select-item.ts';
import { joinSql, sql } from '../../../src/adapters/sqlite/sql.ts';
import { sampleEvent } from '../../../src/consumption/contract/sample-events.ts';
import type { QueryItem } from '../../../src/domain/query.ts';
import { openTestFile } from './open-test-file.ts';

const items: readonly [string, QueryItem, string][] = [
  ['a stream', { stream: 'S' }, 'sqlite_autoindex_events_2 (stream=? AND version>? AND version<?)'],
  ['a stream behind a version', { stream: 'S', afterVersion: 3, types: ['A'] }, '(stream=? AND version>?'],
  ['a tag', { tags: ['x:1'] }, 'SEARCH t USING PRIMARY KEY (tag=? AND position>? AND position<?)'],
  ['tags and types', { tags: ['x:1', 'y:1'], types: ['A', 'B'] }, 'SEARCH t USING PRIMARY KEY'],
  ['types', { types: ['A'] }, 'SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'],
  ['everything', {}, 'SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'],
];

test.each(items)('%s is found by an index, in order', async (_, item, step) => {
  await using opened = await openTestFile();
  const connection = new Connection(opened.path, { readOnly: true });
  for (const backwards of [false, true]) {
    const range = { after: 5, before: 90, backwards };
    const statement = selectItem(connection, item, { columns: sql`e.position`, range, limit: 10 });
    const plan = connection.select<[number, number, number, string]>(
      joinSql([sql`explain query plan`, statement]),
    );
    const steps = plan.map(([, , , detail]) => detail);
    expect(steps[0]).toContain(step);
    expect(steps.filter((detail) => /SCAN|TEMP B-TREE/.test(detail))).toEqual([]);
  }
  connection.close();
});

test('of several tags, the one that the fewest events carry leads', async () => {
  await using opened = await openTestFile();
  const events = Array.from({ length: 60 }, (_, n) =>
    sampleEvent({ tags: ['every:1', `half:${n % 2}`, ...(n === 40 ? ['once:1'] : [])] }),
  );
  await opened.store.append({ events });
  const connection = new Connection(opened.path, { readOnly: true });
  const leadOf = (tags: readonly string[], after = 0) =>
    selectItem(connection, { tags }, { columns: sql`1`, range: { after, before: 1_000 }, limit: 1 })
      .parameters[0];
  expect(leadOf(['every:1', 'half:0'])).toBe('half:0');
  expect(leadOf(['every:1', 'half:0', 'once:1'])).toBe('once:1');
  expect(leadOf(['every:1', 'half:0', 'unknown:1', 'once:1'])).toBe('unknown:1');
  expect(leadOf(['half:0', 'once:1'], 50)).toBe('once:1');
  connection.close();
});
