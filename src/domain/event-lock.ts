import { canonicalJson } from '../kernel/json.ts';
import type { EventRegistry } from './event-registry.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';

/** What event types looked like when they were last agreed on: the content of the committed lock file. */
export type EventLock = Readonly<Record<string, LockedEvent>>;

export type LockedEvent = { readonly schemaVersion: number; readonly schema: JsonSchema };

/** One difference between a lock and the definitions. A breaking one would make stored events unreadable. */
export type LockDifference = {
  readonly type: string;
  readonly isBreaking: boolean;
  /** What is different, and what to do about it. */
  readonly message: string;
};

/** The lock of the definitions as they are, types in the order of their names. */
export function lockOf(registry: EventRegistry): EventLock {
  const entries = registry.definitions.map(
    ({ type, schemaVersion, schema }) => [type, { schemaVersion, schema: jsonSchemaOf(schema) }] as const,
  );
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** How the definitions differ from what was locked, and each version that no upcaster brings up to date. */
export function compareWithLock(registry: EventRegistry, locked: EventLock): readonly LockDifference[] {
  const current = lockOf(registry);
  const types = [...new Set([...Object.keys(locked), ...Object.keys(current)])].sort();
  return [
    ...types.flatMap((type) => compareType(type, locked[type], current[type])),
    ...registry.definitions.flatMap(({ type, schemaVersion, upcasters }) =>
      Array.from({ length: schemaVersion - 1 }, (_, index) => index + 1)
        .filter((version) => upcasters[version] === undefined)
        .map((version) =>
          breaking(type, `nothing says how version ${version} becomes ${version + 1}: add an upcaster`),
        ),
    ),
  ];
}

function compareType(
  type: string,
  locked: LockedEvent | undefined,
  current: LockedEvent | undefined,
): readonly LockDifference[] {
  if (locked === undefined) return [harmless(type, 'it is new')];
  if (current === undefined)
    return [breaking(type, 'it is gone: keep its definition for as long as the log has such events')];
  const [was, is] = [locked.schemaVersion, current.schemaVersion];
  if (is < was) return [breaking(type, `its version went back from ${was} to ${is}: versions only rise`)];
  if (is > was) return [harmless(type, `its version rose from ${was} to ${is}`)];
  if (canonicalJson(locked.schema) === canonicalJson(current.schema)) return [];
  return acceptsAll(withoutNotes(locked.schema), withoutNotes(current.schema))
    ? [harmless(type, 'its schema says more, or takes more, than before')]
    : [
        breaking(
          type,
          `its schema changed and its version is still ${is}: raise \`schemaVersion\` and add an upcaster`,
        ),
      ];
}

/** What a schema says for readers alone. `decimal` is no format of JSON Schema: it tells GraphQL what to make of a text. */
const notes: ReadonlySet<string> = new Set(['title', 'description', 'examples', 'deprecated']);

/** A schema without its notes, at any depth; a member may well be called as one of them. */
function withoutNotes(schema: unknown, isNames = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutNotes(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const said = Object.entries(schema).filter(
    ([keyword, value]) => isNames || !(notes.has(keyword) || (keyword === 'format' && value === 'decimal')),
  );
  return Object.fromEntries(
    said.map(([keyword, value]) => [
      keyword,
      withoutNotes(value, !isNames && (keyword === 'properties' || keyword === '$defs')),
    ]),
  );
}

/**
 * Whether whatever fitted the old schema fits the new one, as far as simple rules tell: the same but for new members that may
 * be missing, and members that need not be there any more.
 */
function acceptsAll(old: unknown, now: unknown): boolean {
  if (canonicalJson(old ?? null) === canonicalJson(now ?? null)) return true;
  if (!isObjectSchema(old) || !isObjectSchema(now)) return false;
  const { properties: was, required: neededBefore = [], ...restBefore } = old;
  const { properties: is, required: needed = [], ...rest } = now;
  return (
    canonicalJson(restBefore) === canonicalJson(rest) &&
    needed.every((name) => neededBefore.includes(name)) &&
    Object.entries(was).every(([name, schema]) => name in is && acceptsAll(schema, is[name]))
  );
}

type ObjectSchema = {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
};

function isObjectSchema(schema: unknown): schema is ObjectSchema {
  return typeof schema === 'object' && schema !== null && 'properties' in schema;
}

function breaking(type: string, message: string): LockDifference {
  return { type, isBreaking: true, message };
}

function harmless(type: string, message: string): LockDifference {
  return { type, isBreaking: false, message };
}
