import { makePgArray } from 'drizzle-orm/pg-core';
import type { PostgresType } from 'postgres';

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;
const bytes: Parse = (text) => Buffer.from(text.slice(2), 'hex');

/** Array types of Postgres and how their elements are read, as postgres.js reads them alone. `select oid, typname from pg_type` */
const elements: readonly (readonly [name: string, oid: number, parse: Parse])[] = [
  ['_bool', 1000, (text) => text === 't'],
  ['_bytea', 1001, bytes],
  ['_int2', 1005, Number],
  ['_int4', 1007, Number],
  ['_text', 1009, asText],
  ['_bpchar', 1014, asText],
  ['_varchar', 1015, asText],
  ['_int8', 1016, Number],
  ['_float4', 1021, Number],
  ['_float8', 1022, Number],
  ['_numeric', 1231, asText],
  ['_uuid', 2951, asText],
  ['_json', 199, (text): unknown => JSON.parse(text)],
  ['_jsonb', 3807, (text): unknown => JSON.parse(text)],
];

/**
 * The array types that the driver is to know. By itself it asks each new connection for them, and when that one is lost
 * before it answers, postgres.js 3.4.9 throws outside of every promise, which ends the process.
 */
export const arrayTypes: Record<string, PostgresType> = Object.fromEntries(
  elements.map(([name, oid, parse]) => [
    name,
    {
      to: oid,
      from: [oid],
      parse: (literal: string) => parseArray(literal, parse),
      serialize: (value: unknown) => (Array.isArray(value) ? makePgArray(value) : String(value)),
    },
  ]),
);

const TOKEN = /[{}]|"((?:[^"\\]|\\.)*)"|[^,{}"]+/gs;

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function parseArray(literal: string, parse: Parse): readonly unknown[] {
  if (literal === '{}') return [];
  // Most arrays are plain ones, an event's tags for example: splitting them takes a third of the time.
  if (literal.lastIndexOf('{') === 0 && !literal.includes('"'))
    return literal
      .slice(1, -1)
      .split(',')
      .map((text) => parseElement(text, parse));
  let outer: unknown[] = [];
  const open: unknown[][] = [];
  for (const [token, quoted] of literal.matchAll(TOKEN)) {
    if (token === '{') {
      const inner: unknown[] = [];
      open.at(-1)?.push(inner);
      open.push(inner);
    } else if (token === '}') outer = open.pop() ?? outer;
    else
      open
        .at(-1)
        ?.push(quoted === undefined ? parseElement(token, parse) : parse(quoted.replace(/\\(.)/gs, '$1')));
  }
  return outer;
}

function parseElement(text: string, parse: Parse): unknown {
  return text === 'NULL' ? null : parse(text);
}
