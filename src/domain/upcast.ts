import { LivefoldError } from '../kernel/errors.ts';

/**
 * By schema version: how data of that version becomes the next version's. Pure; given a value as it was stored, fields that
 * nobody knows any more included.
 */
// biome-ignore lint/suspicious/noExplicitAny: what older data looked like, no schema of today says.
export type Upcasters = Readonly<Record<number, (data: any) => unknown>>;

/** A versioned value's subject, for the error that names it. */
type Subject = { readonly what: string; readonly fields: Readonly<Record<string, unknown>> };

/**
 * A stored value of an older version as today's version.
 *
 * @throws LivefoldError `UNKNOWN_EVENT_VERSION`, `UPCAST_FAILED`
 */
export function upcast(
  stored: unknown,
  from: number,
  {
    to,
    upcasters,
    subject,
  }: { readonly to: number; readonly upcasters: Upcasters; readonly subject: Subject },
): unknown {
  if (from > to)
    throw new LivefoldError(
      'UNKNOWN_EVENT_VERSION',
      `${subject.what} has the schema version ${from}, and this program knows ${to} at most: run the program that wrote it, or a newer one.`,
      { fields: { ...subject.fields, schemaVersion: from, known: to } },
    );
  let value = stored;
  for (let version = from; version < to; version += 1) value = step(value, version, upcasters, subject);
  return value;
}

function step(value: unknown, version: number, upcasters: Upcasters, { what, fields }: Subject): unknown {
  const next = upcasters[version];
  if (next === undefined)
    throw new LivefoldError(
      'UPCAST_FAILED',
      `${what} has the schema version ${version}, and nothing says how it becomes version ${version + 1}: add \`upcast: { ${version}: (data) => … }\` to its definition.`,
      { fields: { ...fields, schemaVersion: version } },
    );
  try {
    return next(value);
  } catch (cause) {
    throw new LivefoldError(
      'UPCAST_FAILED',
      `${what} could not be brought from schema version ${version} to ${version + 1}: its upcaster threw.`,
      { fields: { ...fields, schemaVersion: version }, cause },
    );
  }
}
