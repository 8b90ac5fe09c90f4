import type postgres from 'postgres';

/** The stream that takes the last events of a filled log. */
export const longStream = 'Course-long';

/**
 * Fills an empty log by one insert: events of 120 bytes of JSON with three tags, ten in a stream, the last `long` in one. A
 * region has a fiftieth of all events, a course and a student ten each.
 */
export async function fillLog(
  sql: postgres.Sql,
  schema: string,
  events: number,
  { long }: { readonly long: number },
): Promise<void> {
  const start = events - long;
  const [log, tags] = [sql(`${schema}.events`), sql(`${schema}.tags`)];
  await sql`
    insert into ${log} (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor)
    select n, gen_random_uuid(), now(), now(),
      case when n > ${start} then n - ${start} else (n - 1) % 10 + 1 end, 1,
      case when n > ${start} then ${longStream} else 'Course-' || (n - 1) / 10 end, 'StudentSubscribed',
      array['course:' || (n - 1) / 10, 'region:' || n % 50, 'student:' || n % ${Math.ceil(events / 10)}],
      jsonb_build_object('courseId', 'course-' || (n - 1) / 10, 'studentId', 'student-' || n % ${Math.ceil(events / 10)}, 'note', 'seat ' || n, 'price', '4.25'),
      gen_random_uuid()::text, gen_random_uuid()::text, 'student-' || n % 5000
    from generate_series(1, ${events}::integer) n`;
  await sql`insert into ${tags} (tag, position) select unnest(e.tags), e.position from ${log} e order by 1, 2`;
  await sql`vacuum analyze ${log}`;
  await sql`vacuum analyze ${tags}`;
}
